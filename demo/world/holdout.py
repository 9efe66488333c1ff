"""What the training text never says: decided by a stable hash, so that every run and every test agrees."""

from __future__ import annotations

import hashlib
from typing import Literal

from demo.world.frames import Attribute, Event, Frame, Location

Status = Literal["all", "noq", "none"]
UNSEEN_SHARE = 0.10
UNASKED_SHARE = 0.15
EVENT_SHARE = 0.04


def chance(key: str) -> float:
    """A number in [0, 1) that depends on the key alone (MD5; not for security)."""
    digest = hashlib.md5(key.encode("utf-8"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def fact_status(fact_id: str, language: str) -> Status:
    """`none`: the fact never occurs in this language; `noq`: stated but never asked; `all`: stated and asked."""
    if language == "en":
        return "all"
    value = chance(f"status {fact_id} {language}")
    if value < UNSEEN_SHARE:
        return "none"
    return "noq" if value < UNSEEN_SHARE + UNASKED_SHARE else "all"


def frame_key(frame: Frame) -> str:
    """The meaning without time and word order, so that a held-out event is held out in every tense."""
    match frame:
        case Event():
            thing = frame.thing
            parts = (frame.subject, frame.verb, thing.noun if thing else "", (thing.adjective or "") if thing else "")
            return "event " + " ".join((*parts, frame.place or ""))
        case Location(noun, preposition, landmark):
            return f"location {noun} {preposition} {landmark}"
        case Attribute(noun, adjective):
            return f"attribute {noun} {adjective}"


def held_out(frame: Frame) -> bool:
    """Whether training text never contains this frame."""
    share = EVENT_SHARE if isinstance(frame, Event) else 2 * EVENT_SHARE
    return chance(frame_key(frame)) < share
