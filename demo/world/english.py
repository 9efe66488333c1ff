"""English sentences of the demo world."""

from __future__ import annotations

from demo.world.frames import Asked, Attribute, Event, Frame, Location, Question, Thing, capitalise, joined
from demo.world.lexicon import Lexicon

PREPOSITION = {"on": "on", "under": "under", "behind": "behind", "before": "in front of", "beside": "next to"}
ASK = {"who": "who", "what": "what", "where": "where", "when": "when"}


def article(word: str) -> str:
    """`an` before a vowel sound, else `a`."""
    return "an" if word[0] in "aeiou" else "a"


class English:
    """English grammar."""

    code = "en"
    name = "English"
    cue = "Answer:"
    joiner = " "

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def phrase(self, thing: Thing) -> str:
        """A noun phrase: `the red car`, `an apple`, bare mass nouns when indefinite."""
        noun = self.lexicon.nouns[thing.noun]
        adjective = self.lexicon.adjectives[thing.adjective].forms["en"] if thing.adjective else None
        words = joined(adjective, noun.forms["en"])
        if thing.definite:
            return f"the {words}"
        return words if noun.has("mass") else f"{article(words)} {words}"

    def generic(self, noun: str) -> str:
        """The noun as a kind: `a cat`, `milk`, `the sun`."""
        return self.phrase(Thing(noun, definite=self.lexicon.nouns[noun].has("unique")))

    def subject(self, subject: str) -> str:
        """A person's name or a definite animal."""
        if subject in self.lexicon.people:
            return self.lexicon.people[subject].forms["en"]
        return self.phrase(Thing(subject))

    def place(self, event: Event) -> str | None:
        """Where, or where to."""
        if event.place is None:
            return None
        there = self.lexicon.places[event.place].forms["en"]
        return f"to {there.split(' ', 1)[1]}" if event.verb == "go" else there

    def time(self, event: Event) -> str | None:
        """The time adverb."""
        return self.lexicon.times[event.time].forms["en"] if event.time else None

    def finite(self, event: Event) -> str:
        """The verb in the event's tense, third person singular."""
        base, present, past = self.lexicon.verbs[event.verb].words("en")
        return {"present": present, "past": past, "future": f"will {base}"}[event.tense]

    def sentence(self, frame: Frame) -> str:
        """A full sentence with its end mark."""
        text: str
        match frame:
            case Location(noun, preposition, landmark):
                text = f"the {self.lexicon.nouns[noun].forms['en']} is {PREPOSITION[preposition]} "
                text += self.phrase(Thing(landmark))
            case Attribute(noun, adjective):
                text = f"{self.phrase(Thing(noun))} is {self.lexicon.adjectives[adjective].forms['en']}"
            case Event():
                thing = self.phrase(frame.thing) if frame.thing else None
                front = "then" if frame.then else self.time(frame) if frame.fronted else None
                back = None if frame.fronted else self.time(frame)
                text = joined(front, self.subject(frame.subject), self.finite(frame), thing, self.place(frame), back)
        return capitalise(text) + "."

    def ask(self, event: Event, asked: Asked) -> Question:
        """A question about one part of an event, with the answer."""
        thing = self.phrase(event.thing) if event.thing else None
        place, time = self.place(event), self.time(event)
        if asked == "who":
            text = joined("who", self.finite(event), thing, place, time)
            return Question(capitalise(text) + "?", self.subject(event.subject))
        base = self.lexicon.verbs[event.verb].words("en")[0]
        auxiliary = {"present": "does", "past": "did", "future": "will"}[event.tense]
        answer = {"what": thing, "where": place, "when": time}[asked]
        kept = [part for kind, part in (("what", thing), ("where", place), ("when", time)) if kind != asked]
        text = joined(ASK[asked], auxiliary, self.subject(event.subject), base, *kept)
        return Question(capitalise(text) + "?", answer or "")

    def forms(self, table: str, entry: str) -> dict[str, str]:
        """Forms of one entry by suffix: plain, `_a` (indefinite) and `_generic`."""
        match table:
            case "nouns":
                return {
                    "": self.phrase(Thing(entry)),
                    "_a": self.phrase(Thing(entry, definite=False)),
                    "_generic": self.generic(entry),
                }
            case "professions":
                word = self.lexicon.professions[entry].forms["en"]
                return {"": word, "_a": f"{article(word)} {word}"}
            case "countries":
                return {"": self.lexicon.countries[entry].words("en")[0], "_capital": self.lexicon.capital(entry, "en")}
        return {"": self.lexicon.table(table)[entry].forms["en"]}

    def agree(self, kind: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """English needs no agreement."""
        return {}

    def finish(self, clause: str, *, question: bool) -> str:
        """Capital letter and end mark."""
        return capitalise(clause) + ("?" if question else ".")
