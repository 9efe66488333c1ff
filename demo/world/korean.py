"""Korean sentences of the demo world: particles by final consonant, formal polite verb endings."""

from __future__ import annotations

from demo.world.frames import Asked, Attribute, Event, Frame, Location, Question, Thing, joined
from demo.world.lexicon import Lexicon

SIDE = {"on": "위", "under": "아래", "behind": "뒤", "before": "앞", "beside": "옆"}
PARTICLES = {"topic": ("은", "는"), "subject": ("이", "가"), "object": ("을", "를"), "and": ("과", "와")}


def closed(word: str) -> bool:
    """Whether the last syllable ends in a consonant (Unicode: 28 finals a vowel)."""
    return (ord(word[-1]) - 0xAC00) % 28 != 0


def marked(word: str, particle: str) -> str:
    """The word with topic, subject, object or `and` particle."""
    after_consonant, after_vowel = PARTICLES[particle]
    return word + (after_consonant if closed(word) else after_vowel)


class Korean:
    """Korean grammar."""

    code = "ko"
    name = "한국어"
    cue = "답변:"
    joiner = " "

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def phrase(self, thing: Thing) -> str:
        """A noun with its attributive adjective; there are no articles."""
        adjective = self.lexicon.adjectives[thing.adjective].words("ko")[0] if thing.adjective else None
        return joined(adjective, self.lexicon.nouns[thing.noun].forms["ko"])

    def subject(self, subject: str) -> str:
        """A person's name or an animal."""
        people = self.lexicon.people
        return people[subject].forms["ko"] if subject in people else self.phrase(Thing(subject))

    def verb(self, event: Event, *, question: bool) -> str:
        """Formal polite ending, -nida or -nikka."""
        present, past, future = self.lexicon.verbs[event.verb].words("ko")
        form = {"present": present, "past": past, "future": f"{future} 것입니다"}[event.tense]
        return form[:-1] + "까" if question else form

    def parts(self, event: Event) -> dict[str, str]:
        """The event's parts without particles; a part that is missing is empty."""
        return {
            "who": self.subject(event.subject),
            "when": self.lexicon.times[event.time].forms["ko"] if event.time else "",
            "where": self.lexicon.places[event.place].forms["ko"] if event.place else "",
            "what": self.phrase(event.thing) if event.thing else "",
        }

    def clause(self, event: Event, parts: dict[str, str], asked: Asked | None = None) -> str:
        """The parts with their particles, verb last."""
        subject = "누가" if asked == "who" else marked(parts["who"], "topic")
        when = parts["when"]
        opening = (
            joined("그다음에", subject)
            if event.then
            else joined(when, subject)
            if event.fronted
            else joined(subject, when)
        )
        where = parts["where"] + ("에" if event.verb == "go" else "에서") if parts["where"] else None
        what = marked(parts["what"], "object") if parts["what"] else None
        return joined(opening, where, what, self.verb(event, question=asked is not None))

    def sentence(self, frame: Frame) -> str:
        """A full sentence with its end mark."""
        text: str
        match frame:
            case Location(noun, preposition, landmark):
                subject = marked(self.lexicon.nouns[noun].forms["ko"], "topic")
                text = f"{subject} {self.lexicon.nouns[landmark].forms['ko']} {SIDE[preposition]}에 있습니다"
            case Attribute(noun, adjective):
                entry = self.lexicon.adjectives[adjective]
                form = entry.words("ko")[1]
                text = (
                    marked(self.phrase(Thing(noun)), "topic") + " " + (f"{form}입니다" if entry.has("colour") else form)
                )
            case Event():
                text = self.clause(frame, self.parts(frame))
        return text + "."

    def ask(self, event: Event, asked: Asked) -> Question:
        """A question about one part of an event, with the answer."""
        parts = self.parts(event)
        answer = parts[asked]
        plain = Event(event.subject, event.verb, event.time, event.thing, event.place, tense=event.tense)
        parts[asked] = {"who": "누가", "what": "무엇", "where": "어디", "when": "언제"}[asked]
        return Question(self.clause(plain, parts, asked) + "?", answer)

    def forms(self, table: str, entry: str) -> dict[str, str]:
        """Forms of one entry by suffix: plain and with each particle, for countries the capital too."""
        if table == "countries":
            country, capital = self.lexicon.countries[entry].words("ko")
            forms = {"": country, "_capital": capital, "_capital_topic": marked(capital, "topic")}
            return forms | {"_topic": marked(country, "topic")}
        word = self.lexicon.table(table)[entry].forms["ko"]
        if table == "adjectives":
            word = word.split(" ")[1]
        return {"": word} | {f"_{particle}": marked(word, particle) for particle in PARTICLES}

    def agree(self, kind: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """Korean has no agreement."""
        return {}

    def finish(self, clause: str, *, question: bool) -> str:
        """The end mark."""
        return clause + ("?" if question else ".")
