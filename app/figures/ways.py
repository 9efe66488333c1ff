"""Ways through a map, level by level: those of the languages' centroids thin, those of a prompt in front."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.figures.figure import Panel
from app.figures.style import Label, fonts
from app.figures.svg import element, join, line, path, text

SIDE, NAMES = 380.0, 150.0


@dataclass(frozen=True)
class Way:
    """The places of one thing at every level, [levels, 2] in the map's units.

    Levels are numbered where it is `front`, as far as there is room.
    """

    label: Label
    places: np.ndarray
    front: bool = False
    dashed: bool = False


def way_panels(ways: Sequence[Way], title: str, *, side: float = SIDE) -> tuple[Panel, Panel]:
    """The ways in one square with equal axes, each ending in a disc at the last level; then whose they are.

    Two panels, so that a narrow page has the names below and the square as wide as it is itself.
    """
    everything = np.concatenate([one.places for one in ways])
    low, high = everything.min(axis=0), everything.max(axis=0)
    span = float((high - low).max()) or 1.0
    middle, scale = (low + high) / 2, (side - 36) / span
    parts = [element("rect", x=0.5, y=0.5, width=side - 1, height=side - 1, class_="frame")]
    for one in sorted(ways, key=lambda one: one.front):
        points = [(float(x), float(y)) for x, y in (one.places - middle) * [scale, -scale] + side / 2]
        drawn = [element("path", d=path(points), class_="line" if one.front else "line faint",
                         stroke_dasharray="5 3" if one.dashed else None)]  # fmt: skip
        named: list[tuple[float, float]] = []
        for level, (x, y) in enumerate(points):
            last = level == len(points) - 1
            drawn.append(element("circle", cx=x, cy=y, r=4.0 if last else 1.8, class_="dots"))
            clear = all(abs(x - left) > 11 or abs(y - up) > 9 for left, up in named)
            if one.front and not one.dashed and clear:
                named.append((x, y))
                drawn.append(text(x + 5, y - 4, str(level), class_="minor"))
        parts.append(element("g", *drawn, class_=one.label.css))
    drawn = [text(0, 12, title, class_="heading"), element("g", *parts, transform="translate(0 20)")]
    said = f"{title}, levels 0 to {len(everything) // len(ways) - 1}"
    return Panel(side, side + 22, join(drawn), said), _names(ways)


def _names(ways: Sequence[Way]) -> Panel:
    rows = [
        element(
            "g",
            line(0, 18.0 * row, 22, 18.0 * row, class_="line", stroke_dasharray="5 3" if one.dashed else None),
            text(28, 18.0 * row + 3.5, one.label.endonym, font_family=fonts(one.label.script)),
            class_=one.label.css,
        )
        for row, one in enumerate(ways)
    ]
    rows.append(text(0, 18.0 * len(ways) + 6, "disc: last level", class_="minor"))
    said = ", ".join(one.label.endonym for one in ways)
    return Panel(NAMES, 18.0 * len(ways) + 46, element("g", *rows, transform="translate(0 34)"), f"Ways: {said}.")
