"""Meaning frames: what a sentence says before any language has said it, and the port each grammar fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Asked = Literal["who", "what", "where", "when"]
Preposition = Literal["on", "under", "behind", "before", "beside"]
PREPOSITIONS: tuple[Preposition, ...] = ("on", "under", "behind", "before", "beside")


@dataclass(frozen=True)
class Thing:
    """A noun phrase: noun id, optional adjective id, and whether the listener knows which one is meant."""

    noun: str
    adjective: str | None = None
    definite: bool = True


@dataclass(frozen=True)
class Event:
    """Someone does something; `place` is where, or where to for the verb `go`; `fronted` puts the time first."""

    subject: str
    verb: str
    time: str | None
    thing: Thing | None = None
    place: str | None = None
    fronted: bool = False
    tense: str = "present"
    then: bool = False


@dataclass(frozen=True)
class Location:
    """One definite thing stands in a spatial relation to another."""

    noun: str
    preposition: Preposition
    landmark: str


@dataclass(frozen=True)
class Attribute:
    """A definite thing has a property."""

    noun: str
    adjective: str


Frame = Event | Location | Attribute


@dataclass(frozen=True)
class Question:
    """A question and its answer, without the cue word between them."""

    text: str
    answer: str


@dataclass(frozen=True)
class FactText:
    """One fact in one language: ways to state it, the question and its answer."""

    statements: tuple[str, ...]
    question: Question


class Grammar(Protocol):
    """What every language of the demo world can say."""

    code: str
    name: str
    cue: str
    joiner: str

    def sentence(self, frame: Frame) -> str:
        """A full sentence with its end mark."""

    def ask(self, event: Event, asked: Asked) -> Question:
        """A question about one part of an event, with the answer."""

    def forms(self, table: str, entry: str) -> dict[str, str]:
        """Forms of one entry that fact templates can use, by suffix (`""`, `"_a"`, `"_of"`, `"_topic"` ...)."""

    def agree(self, kind: str, arguments: tuple[str, ...]) -> dict[str, str]:
        """Template slots whose form depends on another argument of the same fact (gender agreement)."""

    def finish(self, clause: str, *, question: bool) -> str:
        """A clause of a template as a sentence or a question, with capital letter and end mark."""


def capitalise(text: str) -> str:
    """Upper-case the first letter and leave the rest."""
    return text[:1].upper() + text[1:]


def joined(*parts: str | None) -> str:
    """The parts that are there, with single spaces between."""
    return " ".join(part for part in parts if part)
