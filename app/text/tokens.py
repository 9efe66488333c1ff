"""Tokens as a reader sees them: whole graphemes, each knowing which tokens its bytes belong to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import regex

from app.text.normalise import mark, visible

_GRAPHEME = regex.compile(r"\X")
_INVALID = regex.compile("([\udc80-\udcff])")  # how Python decodes a byte that is not UTF-8; \X would join signs to it


@dataclass(frozen=True, slots=True)
class Cluster:
    """One grapheme of a tokenised text, or a token without bytes.

    `text` is what a page shows; `is_mark` says that it stands for something unseen, such as ⟨U+202E⟩ or the invalid
    byte ⟨0xE3⟩. `raw` holds the exact bytes. `token_parts[i]` counts the bytes that token `first_token + i` gives.
    """

    text: str
    first_token: int
    last_token: int
    token_parts: tuple[int, ...]
    raw: bytes
    is_mark: bool = False

    @property
    def is_split(self) -> bool:
        """Whether several tokens share the grapheme: it is shown once, with a tick a token."""
        return self.first_token != self.last_token


def display_clusters(tokens: Sequence[bytes]) -> list[Cluster]:
    """Cut the text that the tokens' bytes spell into graphemes (Unicode Annex 29) and say which tokens hold each.

    The clusters' `raw` bytes put together are the tokens' bytes. Every token is in at least one cluster: a token of
    several graphemes is in several, a token without bytes gets an empty cluster unless it lies within a grapheme.
    """
    ends = list(accumulate(len(token) for token in tokens))
    text = b"".join(tokens).decode("utf-8", "surrogateescape")
    clusters: list[Cluster] = []
    token = start = 0  # the first token not used up, the first byte not shown
    for grapheme in _graphemes(text):
        raw = grapheme.encode("utf-8", "surrogateescape")
        while ends[token] <= start:
            if not tokens[token]:
                clusters.append(_empty(token))
            token += 1
        first, stop = token, start + len(raw)
        while ends[token] < stop:
            token += 1
        parts = tuple(min(ends[i], stop) - max(ends[i] - len(tokens[i]), start) for i in range(first, token + 1))
        shown, is_mark = _shown(grapheme)
        clusters.append(Cluster(shown, first, token, parts, raw, is_mark))
        start = stop
    used = clusters[-1].last_token + 1 if clusters else 0
    return clusters + [_empty(index) for index in range(used, len(tokens))]


def _graphemes(text: str) -> Iterator[str]:
    for run in _INVALID.split(text):
        yield from _GRAPHEME.findall(run)


def _empty(token: int) -> Cluster:
    return Cluster("", token, token, (0,), b"")


@lru_cache(maxsize=65_536)  # a text has few different graphemes
def _shown(grapheme: str) -> tuple[str, bool]:
    """Return what to show for a grapheme, and whether it is a mark; here line feeds and tabs are marks too."""
    if _INVALID.fullmatch(grapheme):
        return f"⟨0x{ord(grapheme) - 0xDC00:02X}⟩", True
    if grapheme in {"\n", "\t", "\r\n"}:
        return "".join(mark(character) for character in grapheme), True
    segments = visible(grapheme)
    return "".join(segment.text for segment in segments), all(segment.is_mark for segment in segments)
