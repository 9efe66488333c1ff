"""Lines over levels: a series a language, named where it ends, with dashes besides colour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.figures.figure import Panel, spread
from app.figures.scale import Scale, domain, level_ticks, significant, tick_label, ticks
from app.figures.style import Label, dash
from app.figures.svg import element, join, line, path, text

LEFT, RIGHT, TOP, BOTTOM = 34.0, 40.0, 26.0, 32.0


@dataclass(frozen=True)
class Series:
    """One value a level; `faint` lines are the lesser of a pair and carry no name at their end."""

    label: Label
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    faint: bool = False


@dataclass(frozen=True)
class LineAxes:
    """What a panel of lines says on its axes; `limits` fixes the vertical range, `zero` keeps 0 in sight.

    `marks` names every place of the horizontal axis; without them places are counted from 0.
    """

    title: str
    x: str = "level (0 = embeddings)"
    limits: tuple[float, float] | None = None
    zero: bool = False
    width: float = 340.0
    height: float = 220.0
    marks: tuple[str, ...] = ()
    right: float = RIGHT  # room for the names at the ends


def line_panel(series: Sequence[Series], axes: LineAxes, reference: Sequence[float] | None = None) -> Panel:
    """Draw series of equal length; `reference` is a dotted line such as the level of chance."""
    levels = max((len(one.values) for one in series), default=1)
    every = [value for one in series for values in (one.values, one.low, one.high) if values is not None
             for value in values]  # fmt: skip
    low, high = axes.limits or domain([*every, *(reference or ())], zero=axes.zero, least=0.02)
    x = Scale(0, max(levels - 1, 1), LEFT, axes.width - axes.right)
    y = Scale(low, high, axes.height - BOTTOM, TOP)
    parts = [_frame(axes, x, y, levels)]
    if reference is not None:
        parts.append(element("path", d=_path(reference, x, y), class_="reference"))
    parts += [_series(one, x, y) for one in sorted(series, key=lambda one: not one.faint)]
    parts.append(_names([one for one in series if not one.faint], x, y))
    return Panel(axes.width, axes.height, join(parts), _in_words(series, axes, levels))


def _frame(axes: LineAxes, x: Scale, y: Scale, levels: int) -> Markup:
    marks = ticks(y.low, y.high, 4)
    parts = [text(0, 12, axes.title, class_="heading")]
    for mark in marks:
        parts.append(line(x.start, y(mark), x.end, y(mark), class_="grid"))
        parts.append(text(x.start - 5, y(mark) + 3.5, tick_label(mark, marks), class_="minor", text_anchor="end"))
    parts.append(line(x.start, y.start, x.end, y.start, class_="axis"))
    for level in range(levels) if axes.marks else level_ticks(levels):
        parts.append(line(x(level), y.start, x(level), y.start + 3, class_="axis"))
        parts.append(text(x(level), y.start + 13, _named(axes, level), class_="minor", text_anchor="middle"))
    parts.append(text((x.start + x.end) / 2, y.start + 27, axes.x, class_="minor", text_anchor="middle"))
    return join(parts)


def _named(axes: LineAxes, level: int) -> str:
    return axes.marks[level] if level < len(axes.marks) else str(level)


def _series(one: Series, x: Scale, y: Scale) -> Markup:
    said = f"{one.label.endonym} · {one.label.code}"
    parts: list[Markup] = []
    if one.low is not None and one.high is not None:
        there = [(x(i), y(value)) for i, value in enumerate(one.high) if math.isfinite(value)]
        back = [(x(i), y(value)) for i, value in enumerate(one.low) if math.isfinite(value)]
        parts.append(element("path", d=path([*there, *reversed(back)]) + "Z", class_="band"))
    parts.append(
        element(
            "path",
            element("title", said),
            d=_path(one.values, x, y),
            class_="line faint" if one.faint else "line",
            stroke_dasharray=dash(one.label.index),
        )
    )
    return element("g", *parts, class_=one.label.css)


def _names(series: Sequence[Series], x: Scale, y: Scale) -> Markup:
    ends = [(one, value) for one in series if (value := _last(one.values)) is not None]
    if len(ends) == 1 and not ends[0][0].label.code:
        return Markup()
    places = spread([y(value) for _, value in ends], 10.5, y.end - 4, y.start)
    parts: list[Markup] = []
    for (one, value), place in zip(ends, places, strict=True):
        name = text(x.end + 10, place + 3.5, one.label.code, class_="end")
        leader = line(x.end + 1, y(value), x.end + 8, place, class_="leader")
        parts.append(element("g", leader, name, class_=one.label.css))
    return join(parts)


def _path(values: Sequence[float], x: Scale, y: Scale) -> str:
    return path((x(i), y(value)) if math.isfinite(value) else None for i, value in enumerate(values))


def _last(values: Sequence[float]) -> float | None:
    return next((value for value in reversed(values) if math.isfinite(value)), None)


def _in_words(series: Sequence[Series], axes: LineAxes, levels: int) -> str:
    ends = [
        f"{one.label.code} {significant(float(one.values[0]))} to {significant(float(one.values[-1]))}"
        for one in series
        if len(one.values) and not one.faint
    ]
    return f"{axes.title}, levels 0 to {levels - 1}: {', '.join(ends)}."
