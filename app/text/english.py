"""English words in a text of another script."""

from functools import lru_cache

import regex
import simplemma

_LOWER_WORD = regex.compile(r"(?<![\p{Latin}\p{N}_])[a-z]{4,}(?![\p{Latin}\p{N}_])")


@lru_cache(maxsize=8192)
def is_english(word: str) -> bool:
    """Say whether a dictionary of English has a word in one of its forms."""
    return simplemma.is_known(word, lang="en")


def has_english_word(text: str) -> bool:
    """Say whether a text has an English word in lower case of four letters or more, as names and units have not."""
    return any(is_english(match[0]) for match in _LOWER_WORD.finditer(text))
