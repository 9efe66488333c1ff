"""One spelling of a text for storing and comparing, and invisible characters made visible for showing."""

import unicodedata
from typing import NamedTuple

import regex

# What hides or turns text: controls (not tab and line feed), direction marks, zero width, separators, annotations.
# U+115F and U+1160 hold a place in Old Korean syllables.
_INVISIBLE = r"[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cc}\u2028\u2029\uFFF9-\uFFFB]--[\t\n\u115F\u1160]"
_HIDDEN = rf"[{_INVISIBLE}--[\p{{Variation_Selector}}\p{{Join_Control}}]]"
# Joiners belong to the word in Persian or Hindi and to the picture in an emoji; elsewhere they only hide.
_JOINING_LETTER = r"[\p{L}--[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}\p{sc=Bopo}\p{sc=Hang}]]"
_JOINER_IN_PLACE = rf"(?<=[\p{{M}}\p{{Extended_Pictographic}}\p{{Emoji_Modifier}}{_JOINING_LETTER}])\p{{Join_Control}}"
_FLAG_OF_A_REGION = r"\U0001F3F4[\U000E0030-\U000E0039\U000E0061-\U000E007A]{3,6}\U000E007F"  # such as Wales
_SECOND_SELECTOR = r"(?<=\p{Variation_Selector})\p{Variation_Selector}"  # one is a shape, a row of them smuggles bytes

_MARKS = regex.compile(
    rf"(?:{_FLAG_OF_A_REGION}|{_JOINER_IN_PLACE})|(?P<mark>{_HIDDEN}|\p{{Join_Control}}|{_SECOND_SELECTOR})", regex.V1
)
_SUSPECT = regex.compile(rf"[{_INVISIBLE}]", regex.V1)
_SEEN = regex.compile(r"[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]")


class Segment(NamedTuple):
    """A stretch of shown text; a mark stands for a character that would not be seen."""

    text: str
    is_mark: bool


def normalise(text: str) -> str:
    """Return the text in NFC without a byte order mark, line end or other space at its ends; nothing else changes."""
    return unicodedata.normalize("NFC", text.removeprefix("\ufeff")).strip()


def is_blank(text: str) -> bool:
    """Say whether nothing of the text would be seen: it is empty, space, controls or characters without width."""
    return _SEEN.search(text) is None


def mark(character: str) -> str:
    """Name a character that cannot be seen: U+202E becomes ⟨U+202E⟩."""
    return f"⟨U+{ord(character):04X}⟩"


def visible(text: str) -> tuple[Segment, ...]:
    """Split a text into what is shown as it is and marks for what would hide in it or turn its direction.

    Line feeds and tabs stay text, and so do the joiners of Persian, Hindi and emoji.
    """
    if _SUSPECT.search(text) is None:
        return (Segment(text, is_mark=False),) if text else ()
    segments: list[Segment] = []
    start = 0
    for match in _MARKS.finditer(text):
        if match["mark"] is None:
            continue
        if match.start() > start:
            segments.append(Segment(text[start : match.start()], is_mark=False))
        segments.append(Segment(mark(match["mark"]), is_mark=True))
        start = match.end()
    if start < len(text):
        segments.append(Segment(text[start:], is_mark=False))
    return tuple(segments)


def has_marks(text: str) -> bool:
    """Say whether `visible` would show a mark."""
    return _SUSPECT.search(text) is not None and any(match["mark"] for match in _MARKS.finditer(text))
