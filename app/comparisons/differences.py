"""What two texts do not have in common, by words or by graphemes."""

import itertools
from collections.abc import Sequence
from typing import Literal

import regex
from rapidfuzz.distance import Indel

Unit = Literal["off", "words", "graphemes"]

# Default word boundaries of Unicode Annex 29: a Chinese character or a hiragana is a word of its own.
_WORDS = regex.compile(r"\b", regex.WORD | regex.V1)
_GRAPHEMES = regex.compile(r"\X")


def units(text: str, unit: Unit) -> list[str]:
    """The text cut into words (spaces and punctuation are units too) or graphemes; joined they are the text."""
    if unit == "graphemes":
        return _GRAPHEMES.findall(text)
    return [piece for piece in _WORDS.split(text) if piece]


def only_in_first(first: str, second: str, unit: Unit) -> list[bool]:
    """For every character of `first`, whether its unit is missing from what both have in common, in order."""
    if unit == "off":
        return [False] * len(first)
    mine, other = units(first, unit), units(second, unit)
    flags: list[bool] = []
    for operation in Indel.opcodes(mine, other):
        stretch = mine[operation.src_start : operation.src_end]
        flags += itertools.repeat(operation.tag != "equal", sum(map(len, stretch)))
    return flags


def divergence(first: Sequence[int], second: Sequence[int]) -> int | None:
    """The first place where two lists of tokens differ, their ends included; None if they are equal."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return None if len(first) == len(second) else min(len(first), len(second))
