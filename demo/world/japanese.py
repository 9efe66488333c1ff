"""Japanese sentences of the demo world: particles, polite verb endings, iru and aru by animacy."""

from __future__ import annotations

from demo.world.frames import Asked, Attribute, Event, Frame, Location, Question, Thing
from demo.world.lexicon import Lexicon

SIDE = {"on": "上", "under": "下", "behind": "後ろ", "before": "前", "beside": "隣"}


class Japanese:
    """Japanese grammar."""

    code = "ja"
    name = "日本語"
    cue = "答え:"
    joiner = ""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon

    def phrase(self, thing: Thing) -> str:
        """A noun with its attributive adjective; there are no articles."""
        adjective = self.lexicon.adjectives[thing.adjective].words("ja")[0] if thing.adjective else ""
        return adjective + self.lexicon.nouns[thing.noun].forms["ja"]

    def subject(self, subject: str) -> str:
        """A person's name or an animal."""
        people = self.lexicon.people
        return people[subject].forms["ja"] if subject in people else self.phrase(Thing(subject))

    def verb(self, event: Event) -> str:
        """Polite form: masu, or mashita for the past."""
        return self.lexicon.verbs[event.verb].forms["ja"] + ("ました" if event.tense == "past" else "ます")

    def parts(self, event: Event) -> dict[str, str]:
        """The event's parts without particles; a part that is missing is empty."""
        return {
            "who": self.subject(event.subject),
            "when": self.lexicon.times[event.time].forms["ja"] if event.time else "",
            "where": self.lexicon.places[event.place].forms["ja"] if event.place else "",
            "what": self.phrase(event.thing) if event.thing else "",
        }

    def clause(self, event: Event, parts: dict[str, str], subject_particle: str = "は") -> str:
        """The parts with their particles, verb last."""
        subject = parts["who"] + subject_particle
        when = parts["when"]
        opening = f"それから{subject}" if event.then else f"{when}、{subject}" if event.fronted else subject + when
        where = parts["where"] + ("に" if event.verb == "go" else "で") if parts["where"] else ""
        what = parts["what"] + "を" if parts["what"] else ""
        return opening + where + what + self.verb(event)

    def sentence(self, frame: Frame) -> str:
        """A full sentence with its end mark."""
        text: str
        match frame:
            case Location(noun, preposition, landmark):
                entry = self.lexicon.nouns[noun]
                being = "います" if entry.has("animal") else "あります"
                text = f"{entry.forms['ja']}は{self.lexicon.nouns[landmark].forms['ja']}の{SIDE[preposition]}に{being}"
            case Attribute(noun, adjective):
                text = f"{self.phrase(Thing(noun))}は{self.lexicon.adjectives[adjective].words('ja')[1]}です"
            case Event():
                text = self.clause(frame, self.parts(frame))
        return text + "。"

    def ask(self, event: Event, asked: Asked) -> Question:
        """A question about one part of an event, with the answer."""
        parts = self.parts(event)
        answer = parts[asked]
        plain = Event(event.subject, event.verb, event.time, event.thing, event.place, tense=event.tense)
        parts[asked] = {"who": "誰", "what": "何", "where": "どこ", "when": "いつ"}[asked]
        return Question(self.clause(plain, parts, "が" if asked == "who" else "は") + "か?", answer)

    def forms(self, table: str, entry: str) -> dict[str, str]:
        """Forms of one entry by suffix; Japanese needs the plain one only, colours as nouns."""
        match table:
            case "countries":
                return {"": self.lexicon.countries[entry].words("ja")[0], "_capital": self.lexicon.capital(entry, "ja")}
            case "adjectives":
                return {"": self.lexicon.adjectives[entry].words("ja")[1]}
        return {"": self.lexicon.table(table)[entry].forms["ja"]}

    def agree(self, kind: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """Japanese has no agreement."""
        return {}

    def finish(self, clause: str, *, question: bool) -> str:
        """The end mark; questions take the same ASCII mark as in the other languages."""
        return clause + ("?" if question else "。")
