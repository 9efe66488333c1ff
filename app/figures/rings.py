"""Points of a map somewhere else: drawn hollow, over the same points filled."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from app.figures.marks import mark_path, marks_path
from app.figures.svg import element, join, number, text

MOST_WAYS = 200  # lines from points to their rings; more would hide the points
SIZE = 3.6  # half the width of a ring


@dataclass(frozen=True)
class Rings:
    """Which points of the cloud [n], of one category, where they are now [n, 2], and what the legend calls that."""

    points: np.ndarray
    places: np.ndarray
    category: int
    words: tuple[str, ...]  # a line each


def rings_layer(before: np.ndarray, after: np.ndarray, bright: np.ndarray, shape: str, css: str) -> Markup:
    """Outlines of a mark at `after` [n, 2], grey but for the `bright` [n]; lines from `before` unless many."""
    grey = element("path", d=marks_path(after[~bright], shape, SIZE), class_="round lang-other", stroke_opacity=0.3)
    ways = ""
    if bright.sum() <= MOST_WAYS:
        ends = np.stack([before[bright], after[bright]], axis=1).tolist()
        ways = "".join(f"M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}" for (x0, y0), (x1, y1) in ends)
    lines = element("path", d=ways, class_=f"leader {css}", stroke_opacity=0.35)
    return join([grey, lines, element("path", d=marks_path(after[bright], shape, SIZE), class_=f"round {css}")])


def rings_legend(words: tuple[str, ...], shape: str, css: str) -> Markup:
    """The hollow mark and what it means."""
    mark = element("path", d=mark_path(shape, 4.5, 0, 4.0), class_=f"round {css}")
    return join([mark, *(text(14, 3.5 + 13 * row, line) for row, line in enumerate(words))])
