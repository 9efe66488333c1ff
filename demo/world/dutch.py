"""Dutch sentences of the demo world: verb second, de and het, the adjective's -e, the verb bracket of the future."""

from __future__ import annotations

from demo.world.frames import Asked, Attribute, Event, Frame, Location, Question, Thing, capitalise, joined
from demo.world.lexicon import Lexicon

PREPOSITION = {"on": "op", "under": "onder", "behind": "achter", "before": "voor", "beside": "naast"}
ASK = {"who": "wie", "what": "wat", "where": "waar", "when": "wanneer"}


class Dutch:
    """Dutch grammar."""

    code = "nl"
    name = "Nederlands"
    cue = "Antwoord:"
    joiner = " "

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def phrase(self, thing: Thing) -> str:
        """A noun phrase; the adjective loses its -e only with an indefinite `het` word."""
        noun = self.lexicon.nouns[thing.noun]
        article, word = noun.words("nl")
        adjective = None
        if thing.adjective:
            plain, inflected = self.lexicon.adjectives[thing.adjective].words("nl")
            adjective = plain if article == "het" and not thing.definite else inflected
        if thing.definite:
            return joined(article, adjective, word)
        return joined(None if noun.has("mass") else "een", adjective, word)

    def generic(self, noun: str) -> str:
        """The noun as a kind: `een kat`, `melk`, `de zon`."""
        return self.phrase(Thing(noun, definite=self.lexicon.nouns[noun].has("unique")))

    def subject(self, subject: str) -> str:
        """A person's name or a definite animal."""
        if subject in self.lexicon.people:
            return self.lexicon.people[subject].forms["nl"]
        return self.phrase(Thing(subject))

    def place(self, event: Event) -> str | None:
        """Where, or where to (`naar`)."""
        if event.place is None:
            return None
        there = self.lexicon.places[event.place].forms["nl"]
        return f"naar {there.split(' ', 1)[1]}" if event.verb == "go" else there

    def time(self, event: Event) -> str | None:
        """The time adverb."""
        return self.lexicon.times[event.time].forms["nl"] if event.time else None

    def verbs(self, event: Event) -> tuple[str, str | None]:
        """The finite verb and, in the future, the infinitive that closes the clause."""
        present, past, infinitive = self.lexicon.verbs[event.verb].words("nl")
        if event.tense == "future":
            return "zal", infinitive
        return (present if event.tense == "present" else past), None

    def sentence(self, frame: Frame) -> str:
        """A full sentence with its end mark."""
        text: str
        match frame:
            case Location(noun, preposition, landmark):
                text = f"{self.phrase(Thing(noun))} is {PREPOSITION[preposition]} {self.phrase(Thing(landmark))}"
            case Attribute(noun, adjective):
                text = f"{self.phrase(Thing(noun))} is {self.lexicon.adjectives[adjective].words('nl')[0]}"
            case Event():
                text = self.event(frame)
        return capitalise(text) + "."

    def event(self, event: Event) -> str:
        """The clause: subject first, or adverb first with the subject after the finite verb."""
        finite, final = self.verbs(event)
        subject, time = self.subject(event.subject), self.time(event)
        thing = self.phrase(event.thing) if event.thing else None
        front = "daarna" if event.then else time if event.fronted else None
        start = joined(front, finite, subject) if front else joined(subject, finite)
        middle = None if event.fronted else time
        if event.thing and event.thing.definite:
            return joined(start, thing, middle, self.place(event), final)
        return joined(start, middle, thing, self.place(event), final)

    def ask(self, event: Event, asked: Asked) -> Question:
        """A question about one part of an event, with the answer."""
        finite, final = self.verbs(event)
        subject = self.subject(event.subject)
        thing = self.phrase(event.thing) if event.thing else None
        place, time = self.place(event), self.time(event)
        answer = {"who": subject, "what": thing, "where": place, "when": time}[asked]
        order = [("when", time), ("what", thing), ("where", place)]
        if event.thing and event.thing.definite:
            order = [("what", thing), ("when", time), ("where", place)]
        kept = [part for kind, part in order if kind != asked]
        text = joined(ASK[asked], finite, None if asked == "who" else subject, *kept, final)
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
            case "countries":
                return {"": self.lexicon.countries[entry].words("nl")[0], "_capital": self.lexicon.capital(entry, "nl")}
            case "adjectives":
                return {"": self.lexicon.adjectives[entry].words("nl")[0]}
        return {"": self.lexicon.table(table)[entry].forms["nl"]}

    def agree(self, kind: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """Predicates do not agree in Dutch."""
        return {}

    def finish(self, clause: str, *, question: bool) -> str:
        """Capital letter and end mark."""
        return capitalise(clause) + ("?" if question else ".")
