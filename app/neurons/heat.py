"""Token heat maps: the stretches of a sentence that one colour covers, never cutting a grapheme."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from app.neurons.contracts import Example, TokenValue
from app.text.tokens import Cluster, display_clusters
from app.web.formatting import significant

STEPS = 10


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of whole graphemes with one colour class and one tooltip; no margins, so joined scripts stay joined."""

    text: str
    css: str
    title: str
    is_mark: bool


def reach(examples: Iterable[Example]) -> float:
    """The largest absolute activation in the examples: the full colour."""
    return max((abs(token.value) for example in examples for token in example.tokens), default=0.0)


def colour_class(value: float, full: float) -> str:
    """`h1`-`h10` above 0, `c1`-`c10` below, nothing near it; steps are equal in log(1 + 9 |value| / full)."""
    if not full or not math.isfinite(value):
        return ""
    step = round(STEPS * math.log10(1 + 9 * min(abs(value) / full, 1)))
    return f"{'h' if value > 0 else 'c'}{step}" if step else ""


def spans(tokens: Sequence[TokenValue], full: float) -> list[Span]:
    """The example's text as coloured stretches; neighbouring graphemes of the same tokens are one.

    A grapheme that several tokens share takes the colour of the largest absolute value among them.
    """
    pieces = [bytes.fromhex(token.bytes) for token in tokens]
    titles = [_title(place, token, piece) for place, (token, piece) in enumerate(zip(tokens, pieces, strict=True))]
    found: list[Span] = []
    for (first, last, is_mark), group in groupby(display_clusters(pieces), key=_tokens):
        among = tokens[first : last + 1]
        strongest = max((token.value for token in among), key=abs)
        text = "".join(cluster.text for cluster in group)
        found.append(Span(text, colour_class(strongest, full), "\n".join(titles[first : last + 1]), is_mark))
    return found


@lru_cache(maxsize=65_536)
def token_text(piece: bytes) -> str:
    """A token alone as a page shows it: what cannot be seen, or is part of a character, as a mark."""
    return "".join(cluster.text for cluster in display_clusters([piece])) if piece else ""


def _tokens(cluster: Cluster) -> tuple[int, int, bool]:
    return cluster.first_token, cluster.last_token, cluster.is_mark


def _title(place: int, token: TokenValue, piece: bytes) -> str:
    shown = token_text(piece) or "no text"
    return f"“{shown}” {significant(token.value)} · token {place} · id {token.id} · {piece.hex(' ').upper()}"
