"""Values with their intervals: a row a language, a mark a condition, one common axis with zero in sight."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from app.figures.figure import Panel, heading
from app.figures.scale import Scale, domain, significant, tick_label, ticks
from app.figures.style import Label
from app.figures.svg import element, join, line, text

LEFT, RIGHT, TOP, BOTTOM, ROW = 104.0, 14.0, 44.0, 34.0, 30.0
WIDEST = 230.0  # of what stands left of the axis; longer names are cut
LETTER = 7.2  # of a heading


@dataclass(frozen=True)
class Range:
    """One value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Condition:
    """Values of one condition, one a language; `css` gives the colour, `hollow` draws rings instead of dots."""

    title: str
    css: str
    values: Sequence[Range | None]
    hollow: bool = False


def range_panel(
    labels: Sequence[Label],
    conditions: Sequence[Condition],
    title: str,
    axis: str,
    *,
    width: float = 420.0,
    least: float = 0.01,
) -> Panel:
    """Draw the conditions of every language under each other; all have as many values as there are labels.

    `least` is the smallest span that the axis shows.
    """
    height = TOP + ROW * len(labels) + BOTTOM
    every = [bound for one in conditions for v in one.values if v is not None for bound in (v.low, v.high, v.value)]
    labels = [_cut(label) for label in labels]
    x = Scale(*domain(every, zero=True, least=least), _left(labels), width - RIGHT)
    bottom = height - BOTTOM
    parts = [text(0, 12, title, class_="heading"), _legend(conditions)]
    marks = ticks(x.low, x.high, 5)
    for mark in marks:
        parts.append(line(x(mark), TOP - 6, x(mark), bottom, class_="divide" if mark == 0 else "grid"))
        parts.append(text(x(mark), bottom + 13, tick_label(mark, marks), class_="minor", text_anchor="middle"))
    parts.append(text((x.start + x.end) / 2, bottom + 28, axis, class_="minor", text_anchor="middle"))
    for row, label in enumerate(labels):
        middle = TOP + ROW * (row + 0.5)
        parts.append(heading(0, middle + 3.5, label))
        step = ROW / (len(conditions) + 1)
        for place, one in enumerate(conditions):
            parts.append(_mark(one, one.values[row], x, TOP + ROW * row + step * (place + 1)))
    return Panel(width, height, join(parts), _in_words(labels, conditions, title))


def _cut(label: Label) -> Label:
    most = int(WIDEST / LETTER) - 2
    return label if len(label.code) <= most else replace(label, code=f"{label.code[: most - 1]}…")


def _left(labels: Sequence[Label]) -> float:
    """Room for the longest name; a language's fits the usual."""
    return max([LEFT, *(LETTER * len(one.code) + 12 for one in labels if not one.endonym)])


def _legend(conditions: Sequence[Condition]) -> Markup:
    parts, at = [], 0.0
    for one in conditions:
        parts.append(element("g", _dot(at + 4, 26, hollow=one.hollow), class_=one.css))
        parts.append(text(at + 12, 29.5, one.title, class_="minor"))
        at += 24 + 5.6 * len(one.title)
    return join(parts)


def _mark(condition: Condition, value: Range | None, x: Scale, y: float) -> Markup:
    if value is None or not math.isfinite(value.value):
        return Markup()
    said = f"{condition.title}: {significant(value.value)} ({significant(value.low)} to {significant(value.high)})"
    parts = [element("title", said)]
    if math.isfinite(value.low) and math.isfinite(value.high):
        parts.append(line(x(value.low), y, x(value.high), y, class_="line"))
    parts.append(_dot(x(value.value), y, hollow=condition.hollow))
    return element("g", *parts, class_=condition.css)


def _dot(x: float, y: float, *, hollow: bool) -> Markup:
    if hollow:
        ring = element("circle", cx=x, cy=y, r=3.2, class_="over")
        return ring + element("circle", cx=x, cy=y, r=3.2, class_="line")
    return element("circle", cx=x, cy=y, r=3.2, class_="dots")


def _in_words(labels: Sequence[Label], conditions: Sequence[Condition], title: str) -> str:
    said = []
    for row, label in enumerate(labels):
        values = [(one.title, one.values[row]) for one in conditions]
        told = ", ".join(f"{name} {significant(value.value)}" for name, value in values if value is not None)
        said.append(f"{label.code}: {told}")
    return f"{title}. {'; '.join(said)}."
