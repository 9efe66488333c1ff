"""An output cut into what a page can mark: stretches of whole graphemes that belong to the same tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from app.text.tokens import Cluster, display_clusters


@dataclass(frozen=True, slots=True)
class Cell:
    """Whole graphemes of the tokens `first` to `last`; `differs` from the text it is compared with.

    `kind` is text, mark (stands for something unseen) or break (a line end, shown and obeyed).
    """

    text: str
    first: int
    last: int
    differs: bool
    kind: str


def cells(pieces: Sequence[str], differs: Sequence[bool] = ()) -> list[Cell]:
    """The text that the pieces spell; `differs` has a flag for every character of it, or is empty.

    Tokens that spell nothing of their own have no cell.
    """
    clusters = [cluster for cluster in display_clusters([piece.encode() for piece in pieces]) if cluster.raw]
    flagged = list(zip(clusters, _flags(clusters, differs), strict=True))
    found: list[Cell] = []
    for (first, last, flag, kind), group in groupby(flagged, key=lambda one: (*_place(one[0]), one[1], _kind(one[0]))):
        text = "".join("↵\n" if kind == "break" else cluster.text for cluster, _ in group)
        found.append(Cell(text, first, last, flag, kind))
    return found


def _place(cluster: Cluster) -> tuple[int, int]:
    return cluster.first_token, cluster.last_token


def _kind(cluster: Cluster) -> str:
    if cluster.raw in (b"\n", b"\r\n"):
        return "break"
    return "mark" if cluster.is_mark else "text"


def _flags(clusters: Sequence[Cluster], differs: Sequence[bool]) -> list[bool]:
    """Whether any character of each cluster differs."""
    flags: list[bool] = []
    start = 0
    for cluster in clusters:
        stop = start + len(cluster.raw.decode())
        flags.append(any(differs[start:stop]))
        start = stop
    return flags
