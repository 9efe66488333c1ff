"""Which writing system a text is in, and whether its language uses that system."""

from collections import Counter
from functools import lru_cache

import regex
from langcodes.data_dicts import ALL_SCRIPTS

from app.text.languages import language

# ISO 15924 codes of a mixture; Unicode gives each character only the parts.
MIXTURES = {
    "Jpan": frozenset({"Hani", "Hira", "Kana"}),
    "Hrkt": frozenset({"Hira", "Kana"}),
    "Kore": frozenset({"Hang", "Hani"}),
    "Hans": frozenset({"Hani"}),
    "Hant": frozenset({"Hani"}),
    "Hanb": frozenset({"Hani", "Bopo"}),
}
_NO_SCRIPT = frozenset({"Zyyy", "Zinh", "Zzzz"})  # common, inherited, unknown


def _is_unicode_script(code: str) -> bool:
    try:
        regex.compile(rf"\p{{sc={code}}}")
    except regex.error:
        return False
    return code not in _NO_SCRIPT


@lru_cache(maxsize=1)
def _letter() -> "regex.Pattern[str]":
    """A pattern whose last group names the script of a letter; common scripts first, for speed."""
    common = ["Latn", "Hani", "Cyrl", "Arab", "Deva", "Hira", "Kana", "Hang", "Thai"]
    codes = common + sorted(code for code in ALL_SCRIPTS if _is_unicode_script(code) and code not in common)
    return regex.compile(r"(?=\p{L})(?:" + "|".join(rf"(?P<{code}>\p{{sc={code}}})" for code in codes) + ")")


@lru_cache(maxsize=200_000)  # every letter of Unicode fits
def script_of(character: str) -> str | None:
    """Return the script of a letter as ISO 15924 code, or None for what is no letter or belongs to several scripts."""
    letter = _letter().match(character)
    return letter.lastgroup if letter else None


def count_letters(text: str) -> dict[str, int]:
    """Count the letters of each script; digits, signs and vowel marks are not letters."""
    counts: dict[str, int] = {}
    for character, number in Counter(text).items():
        if (code := script_of(character)) is not None:
            counts[code] = counts.get(code, 0) + number
    return counts


def dominant_script(text: str) -> str | None:
    """Return the script of most letters of a text, or None if it has no letter."""
    counts = count_letters(text)
    return max(counts, key=lambda code: counts[code], default=None)


@lru_cache(maxsize=1024)
def expected_scripts(code: str) -> frozenset[str]:
    """Return the scripts a language is written in: ja -> Hani, Hira, Kana. Raises BadInput for no language."""
    script = language(code).script
    return MIXTURES.get(script, frozenset({script}))


@lru_cache(maxsize=1024)
def _foreign_words(code: str) -> "regex.Pattern[str]":
    own = "".join(rf"\p{{sc={script}}}" for script in sorted(expected_scripts(code) | {"Zyyy", "Zinh"}))
    return regex.compile(rf"[\p{{L}}--[{own}]]+", regex.V1)


def wrong_script(text: str, code: str) -> bool:
    """Say whether most letters of a text are in scripts that its language does not use.

    Capitalised words count as names and do no harm unless nothing else is there: a Latin name of ten letters among six
    Han characters is good Chinese. A text without letters is never wrong.
    """
    words = _foreign_words(code).findall(text)
    if not words:
        return False
    counts = count_letters(text)
    own = sum(counts.get(script, 0) for script in expected_scripts(code))
    foreign = sum(len(word) for word in words if not word[0].isupper())
    return own == 0 or foreign > own
