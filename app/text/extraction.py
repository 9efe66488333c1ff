"""From generated text to an answer: steps that know no language, each of which says what it did."""

import re
import unicodedata
from dataclasses import dataclass

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# A letter by itself: not part of a word of any script that has spaces, and not the English article before a word.
_LONE = r"(?<![A-Za-z0-9])[({{\[]?([{letters}])(?:[)}}\].:、。,]|(?![A-Za-z0-9'’]| (?!or\b|and\b)[a-z]))"
_NUMBER = re.compile(r"[-−]?\d+(?:[,.  ]\d{3})*(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Extracted:
    """An answer, None if none could be told, and how it was found."""

    answer: str | None
    trace: tuple[str, ...]


def extract(text: str, *, first_line: bool, choices: tuple[str, ...] = (), number: bool = False) -> Extracted:
    """Take the answer out of what a model wrote: a choice by its text or letter, the last number, or all there is."""
    kept, trace = text, []
    if first_line:
        kept = next((line for line in text.splitlines() if line.strip()), "")
        trace.append("first line" if kept.strip() != text.strip() else "one line")
    if not kept.strip():
        return Extracted(None, (*trace, "nothing written"))
    if choices:
        found, how = _choice(kept, choices)
        return Extracted(found, (*trace, how))
    if number:
        found = last_number(kept)
        return Extracted(found, (*trace, "last number" if found is not None else "no number"))
    return Extracted(kept.strip(), (*trace, "taken as it is"))


def _choice(text: str, choices: tuple[str, ...]) -> tuple[str | None, str]:
    plain = unicodedata.normalize("NFKC", text).strip()  # full-width Ａ is A
    folded = {choice: unicodedata.normalize("NFKC", choice).strip().casefold() for choice in choices}
    whole = plain.casefold().rstrip(".。!")
    equal = [choice for choice, fold in folded.items() if fold.rstrip(".。!") == whole]
    if len(equal) == 1:
        return equal[0], "equal to a choice"
    lone = re.compile(_LONE.format(letters=_LETTERS[: len(choices)]))
    letters = dict.fromkeys(lone.findall(plain))
    if len(letters) == 1:
        letter = next(iter(letters))
        return choices[_LETTERS.index(letter)], f"letter {letter}"
    inside = [choice for choice, fold in folded.items() if fold in plain.casefold()]
    longest = [one for one in inside if not any(one != other and folded[one] in folded[other] for other in inside)]
    if len(longest) == 1:
        return longest[0], "the only choice named"
    return None, "several choices named" if letters or longest else "no choice named"


def last_number(text: str) -> str | None:
    """The last number of a text in plain digits, without separators of thousands; None if there is none."""
    plain = "".join(str(unicodedata.digit(one, one)) for one in text)
    found = _NUMBER.findall(plain)
    return _plain_number(found[-1]) if found else None


def _plain_number(written: str) -> str:
    """1.234.567,80 and 1,234,567.80 alike become 1234567.8.

    Three digits behind the last sign are a group of thousands, unless the other sign stands before it.
    """
    sign = "-" if written[0] in "-−" else ""
    body = written.lstrip("-−").replace(" ", "").replace(" ", "")
    cut = max(body.rfind("."), body.rfind(","))
    tail = body[cut + 1 :]
    mixed = "." in body and "," in body
    decimal = cut >= 0 and (mixed or len(tail) != 3)
    whole, rest = (body[:cut], tail.rstrip("0")) if decimal else (body, "")
    digits = whole.replace(".", "").replace(",", "").lstrip("0") or "0"
    return f"{sign}{digits}.{rest}" if rest else f"{sign}{digits}"
