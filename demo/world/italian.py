"""Italian sentences of the demo world: articles and their elision, articulated prepositions, agreement."""

from __future__ import annotations

from demo.world.frames import Asked, Attribute, Event, Frame, Location, Question, Thing, capitalise, joined
from demo.world.lexicon import Lexicon

ASK = {"who": "chi", "what": "che cosa", "where": "dove", "when": "quando"}
VOWELS = "aeiouàèéìòù"
CONTRACTION = {
    "di": {"il": "del", "lo": "dello", "la": "della", "l'": "dell'"},
    "a": {"il": "al", "lo": "allo", "la": "alla", "l'": "all'"},
    "su": {"il": "sul", "lo": "sullo", "la": "sulla", "l'": "sull'"},
}


def impure(word: str) -> bool:
    """Whether a masculine word takes lo and uno: s + consonant, z, ps, gn, x, y."""
    return (word[0] == "s" and word[1] not in VOWELS) or word.startswith(("z", "ps", "gn", "x", "y"))


def definite_article(word: str, gender: str) -> str:
    """il, lo, la or l'."""
    if word[0] in VOWELS:
        return "l'"
    if gender == "f":
        return "la"
    return "lo" if impure(word) else "il"


def indefinite_article(word: str, gender: str) -> str:
    """un, uno, una or un'."""
    if gender == "f":
        return "un'" if word[0] in VOWELS else "una"
    return "uno" if impure(word) else "un"


def attach(article: str, words: str) -> str:
    """Article and words; no space after an apostrophe."""
    return article + words if article.endswith("'") else f"{article} {words}"


def with_preposition(preposition: str, article: str, words: str) -> str:
    """`di` + `il` + `cane` -> `del cane`."""
    return attach(CONTRACTION[preposition][article], words)


class Italian:
    """Italian grammar."""

    code = "it"
    name = "Italiano"
    cue = "Risposta:"
    joiner = " "

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def noun(self, noun: str) -> tuple[str, str, str]:
        """Gender, word and definite article."""
        gender, word = self.lexicon.nouns[noun].words("it")
        return gender, word, definite_article(word, gender)

    def agreeing(self, adjective: str, gender: str) -> str:
        """The adjective in the noun's gender."""
        masculine, feminine = self.lexicon.adjectives[adjective].words("it")
        return feminine if gender == "f" else masculine

    def phrase(self, thing: Thing) -> str:
        """A noun phrase, adjective after the noun; indefinite mass nouns take the partitive."""
        gender, word, article = self.noun(thing.noun)
        words = joined(word, self.agreeing(thing.adjective, gender) if thing.adjective else None)
        if thing.definite:
            return attach(article, words)
        if self.lexicon.nouns[thing.noun].has("mass"):
            return with_preposition("di", article, words)
        return attach(indefinite_article(word, gender), words)

    def subject(self, subject: str) -> str:
        """A person's name or a definite animal."""
        if subject in self.lexicon.people:
            return self.lexicon.people[subject].forms["it"]
        return self.phrase(Thing(subject))

    def place(self, event: Event) -> str | None:
        """Where, or where to."""
        if event.place is None:
            return None
        there, to = self.lexicon.places[event.place].forms["it"].split("|")
        return to if event.verb == "go" else there

    def time(self, event: Event) -> str | None:
        """The time adverb."""
        return self.lexicon.times[event.time].forms["it"] if event.time else None

    def feminine(self, subject: str) -> bool:
        """Whether the subject is grammatically feminine."""
        if subject in self.lexicon.people:
            return self.lexicon.people[subject].has("f")
        return self.noun(subject)[0] == "f"

    def finite(self, event: Event) -> str:
        """Present, passato prossimo (andare with essere and agreement) or future."""
        present, participle, future = self.lexicon.verbs[event.verb].words("it")
        if event.tense != "past":
            return present if event.tense == "present" else future
        if event.verb != "go":
            return f"ha {participle}"
        return "è " + (participle[:-1] + "a" if self.feminine(event.subject) else participle)

    def relation(self, preposition: str, noun: str) -> str:
        """`sul tavolo`, `sotto il tavolo`, `davanti al tavolo` ..."""
        _, word, article = self.noun(noun)
        match preposition:
            case "on":
                return with_preposition("su", article, word)
            case "before":
                return "davanti " + with_preposition("a", article, word)
            case "beside":
                return "accanto " + with_preposition("a", article, word)
        return {"under": "sotto", "behind": "dietro"}[preposition] + " " + attach(article, word)

    def sentence(self, frame: Frame) -> str:
        """A full sentence with its end mark."""
        text: str
        match frame:
            case Location(noun, preposition, landmark):
                text = f"{self.phrase(Thing(noun))} è {self.relation(preposition, landmark)}"
            case Attribute(noun, adjective):
                text = f"{self.phrase(Thing(noun))} è {self.agreeing(adjective, self.noun(noun)[0])}"
            case Event():
                thing = self.phrase(frame.thing) if frame.thing else None
                front = "poi" if frame.then else self.time(frame) if frame.fronted else None
                back = None if frame.fronted else self.time(frame)
                text = joined(front, self.subject(frame.subject), self.finite(frame), thing, self.place(frame), back)
        return capitalise(text) + "."

    def ask(self, event: Event, asked: Asked) -> Question:
        """A question about one part of an event, with the answer; the subject follows the verb."""
        subject = self.subject(event.subject)
        thing = self.phrase(event.thing) if event.thing else None
        place, time = self.place(event), self.time(event)
        order = [("what", thing), ("where", place), ("when", time)]
        answer = {"who": subject, "what": thing, "where": place, "when": time}[asked]
        kept = [part for kind, part in order if kind != asked]
        text = joined(ASK[asked], self.finite(event), None if asked == "who" else subject, *kept)
        return Question(capitalise(text) + "?", answer or "")

    def forms(self, table: str, entry: str) -> dict[str, str]:
        """Forms of one entry by suffix: plain, `_a`, `_of` (di + article), `_ending` (o or a), `_capital`."""
        match table:
            case "nouns":
                gender, word, article = self.noun(entry)
                return {
                    "": self.phrase(Thing(entry)),
                    "_a": self.phrase(Thing(entry, definite=False)),
                    "_of": with_preposition("di", article, word),
                    "_ending": "a" if gender == "f" else "o",
                }
            case "countries":
                name = self.lexicon.countries[entry].forms["it"].rsplit(" ", 1)[0].replace("_", " ")
                article, word = name.split("'") if "'" in name else name.split(" ", 1)
                article = article + "'" if "'" in name else article
                return {
                    "": name,
                    "_of": with_preposition("di", article, word),
                    "_capital": self.lexicon.capital(entry, "it"),
                }
            case "adjectives" | "professions":
                return {"": self.lexicon.table(table)[entry].words("it")[0]}
        return {"": self.lexicon.table(table)[entry].forms["it"]}

    def agree(self, kind: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """Professions agree with the person, colours with the noun."""
        if kind == "job":
            person, profession = arguments
            masculine, feminine = self.lexicon.professions[profession].words("it")
            return {"profession": feminine if self.feminine(person) else masculine}
        if kind == "colour":
            noun, colour = arguments
            return {
                "colour": self.agreeing(colour, self.noun(noun)[0]),
                "colour_plain": self.agreeing(colour, "m"),
            }
        return {}

    def finish(self, clause: str, *, question: bool) -> str:
        """Capital letter and end mark."""
        return capitalise(clause) + ("?" if question else ".")
