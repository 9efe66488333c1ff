"""How a written answer is compared with right ones: MKQA's token F1, the same with its articles mended, exact match.

MKQA (Longpre, Lu & Daiber 2021) lowers the case, takes out ASCII punctuation, takes out articles by language and counts
common tokens. Two of its habits matter to who reads the numbers. Its French and Italian articles match the beginning of
longer words ("lago" becomes "go", "les" becomes "s"), which the variant `fixed` does not do; that is the only
difference. Languages written without spaces are cut into characters; so Korean, Vietnamese or Lao are not.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from app.text.languages import canonical

Variant = Literal["official", "fixed"]
VARIANTS: tuple[Variant, ...] = ("official", "fixed")

BY_CHARACTER = frozenset({"zh", "ja", "th", "km"})  # written without spaces, and cut into characters by MKQA
_PUNCTUATION = str.maketrans("", "", string.punctuation)  # of ASCII only: 「」 and 。 stay, and count as tokens

# Whole words, but for `_OPEN`, whose articles MKQA also takes off the front of longer words. The order matters there:
# of several that fit, the first one is taken off. An apostrophe is punctuation and gone by then.
_ARTICLES: dict[str, tuple[str, ...]] = {
    "da": ("en", "et"),
    "de": ("ein", "eine", "einen", "einem", "eines", "einer", "der", "die", "das", "den", "dem", "des"),
    "en": ("a", "an", "the"),
    "es": ("un", "una", "unos", "unas", "el", "la", "los", "las"),
    "fi": ("se", "yks", "yksi"),
    "fr": ("le", "la", "les", "du", "de", "des", "un", "une"),
    "hu": ("a", "az", "egy"),
    "it": ("il", "lo", "la", "i", "gli", "le", "del", "dello", "della", "dei", "degli", "delle", "uno", "una", "un"),
    "nl": ("de", "het", "een", "des", "der", "den"),
    "no": ("en", "et", "ei"),
    "pt": ("o", "a", "os", "as", "um", "uma", "uns", "umas"),
    "sv": ("en", "ett"),
    "vi": ("của", "là", "cái", "chiếc", "những"),
}
_OPEN = frozenset({"fr", "it"})
_ARABIC_ARTICLE = "ال"  # taken out wherever it stands, in the middle of a word too, by both variants


@lru_cache(maxsize=256)
def answer_language(code: str) -> str:
    """The language whose articles and segmentation are used: zh-Hant -> zh, nb -> no. Raises BadInput."""
    base = canonical(code).split("-")[0]
    return "no" if base in ("nb", "nn") else base


@lru_cache(maxsize=64)
def _articles(language: str, variant: Variant) -> "re.Pattern[str] | None":
    if language == "ar":
        return re.compile(_ARABIC_ARTICLE)
    if language not in _ARTICLES:
        return None
    end = "" if language in _OPEN and variant == "official" else r"\b"
    return re.compile(rf"\b(?:{'|'.join(_ARTICLES[language])}){end}")


def answer_tokens(text: str, language: str, variant: Variant = "official") -> tuple[str, ...]:
    """What is left of an answer to be compared: tokens, or characters in languages written without spaces."""
    base = answer_language(language)
    text = text.lower().translate(_PUNCTUATION)
    if (articles := _articles(base, variant)) is not None:
        text = articles.sub(" ", text)
    if base in BY_CHARACTER:
        return tuple(character for character in text if character.strip())
    return tuple(text.split())


def token_f1(answer: str, gold: str, language: str, variant: Variant = "official") -> float:
    """Harmonic mean of precision and recall of an answer's tokens; two answers of no token agree (1), one does not."""
    found, wanted = answer_tokens(answer, language, variant), answer_tokens(gold, language, variant)
    if not found or not wanted:
        return float(found == wanted)
    common = (Counter(found) & Counter(wanted)).total()
    return 2 * common / (len(found) + len(wanted))


def exact_match(answer: str, gold: str, language: str, variant: Variant = "official") -> float:
    """1 if nothing differs but case, punctuation, articles and spaces; else 0."""
    return float(answer_tokens(answer, language, variant) == answer_tokens(gold, language, variant))


def best_f1(answer: str, golds: Iterable[str], language: str, variant: Variant = "official") -> float:
    """F1 with the right answer that fits best, 0 where there is none; where a gold is empty, so is the right answer."""
    return max((token_f1(answer, gold, language, variant) for gold in golds), default=0.0)


def best_match(answer: str, golds: Iterable[str], language: str, variant: Variant = "official") -> float:
    """1 if the answer is one of the right ones, else 0."""
    return max((exact_match(answer, gold, language, variant) for gold in golds), default=0.0)


def match_in(answer: str, golds: dict[str, tuple[str, ...]], variant: Variant = "fixed") -> str | None:
    """The first language in which the answer is right, of right answers by language; None if it is in none."""
    return next((code for code, texts in golds.items() if best_match(answer, texts, code, variant) == 1.0), None)
