"""A map on which some points moved: dots where they were, rings where they are, over the points that stayed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.figure import Panel
from app.figures.style import Label, fonts
from app.figures.svg import element, join, line, number, text
from app.text.plural import counted

DOT, RING, STILL = 2.2, 2.8, 1.2
SIDE, NAMES = 380.0, 140.0


@dataclass(frozen=True)
class Moved:
    """The points of a language before and after, [n, 2] each in the map's units; equal rows belong together."""

    label: Label
    before: np.ndarray
    after: np.ndarray


def overlay_panels(still: np.ndarray, moved: Sequence[Moved], title: str, *, side: float = SIDE) -> tuple[Panel, Panel]:
    """The points in one square with equal axes, `still` [m, 2] small and grey; then whose they are.

    Two panels, so that a narrow page has the names below and the square as wide as it is itself.
    """
    everything = np.concatenate([still, *(points for one in moved for points in (one.before, one.after))])
    low, high = (everything.min(axis=0), everything.max(axis=0)) if len(everything) else (np.zeros(2), np.ones(2))
    span = float((high - low).max()) or 1.0
    middle, scale = (low + high) / 2, (side - 20) / span

    def where(points: np.ndarray) -> np.ndarray:
        return (points - middle) * [scale, -scale] + side / 2

    parts = [element("rect", x=0.5, y=0.5, width=side - 1, height=side - 1, class_="frame")]
    parts.append(element("path", d=_discs(where(still), STILL), class_="dots lang-other", fill_opacity=0.5))
    for one in moved:
        before, after = where(one.before), where(one.after)
        ways = "".join(
            f"M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}"
            for (x0, y0), (x1, y1) in zip(before.tolist(), after.tolist(), strict=True)
        )
        parts.append(
            element(
                "g",
                element("path", d=ways, class_="leader", stroke_opacity=0.25),
                element("path", d=_discs(before, DOT), class_="dots", fill_opacity=0.75),
                element("path", d=_discs(after, RING), class_="round", stroke_width=1.1),
                class_=one.label.css,
            )
        )
    drawn = [text(0, 12, title, class_="heading"), element("g", *parts, transform="translate(0 20)")]
    said = ", ".join(f"{one.label.code} {counted(len(one.before), 'point')}" for one in moved)
    square = Panel(side, side + 22, join(drawn), f"{title}: {said}; dots before, rings after.")
    return square, _names([one.label for one in moved])


def _discs(where: np.ndarray, r: float) -> str:
    arc = f"a{number(r)} {number(r)} 0 1 0"
    return "".join(
        f"M{number(x - r)} {number(y)} {arc} {number(2 * r)} 0{arc} {number(-2 * r)} 0z" for x, y in where.tolist()
    )


def _names(labels: Sequence[Label]) -> Panel:
    rows = []
    for row, label in enumerate(labels):
        y = 18.0 * row
        marks = element("path", d=_discs(np.array([[4.0, y]]), DOT + 0.6), class_="dots")
        ring = element("path", d=_discs(np.array([[15.0, y]]), RING + 0.6), class_="round", stroke_width=1.2)
        name = text(26, y + 3.5, label.endonym, font_family=fonts(label.script))
        rows.append(element("g", marks, ring, line(4, y, 15, y, class_="leader"), name, class_=label.css))
    rows.append(text(0, 18.0 * len(labels) + 6, "dot: before, ring: zeroed", class_="minor"))
    said = ", ".join(label.endonym for label in labels)
    return Panel(
        NAMES, 18.0 * len(labels) + 46, element("g", *rows, transform="translate(0 34)"), f"Languages: {said}."
    )
