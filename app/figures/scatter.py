"""A map of sentences as a still picture: points by language, family or script, names at the centroids."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from app.figures.figure import Panel
from app.figures.marks import mark_path, marks_path
from app.figures.rings import Rings, rings_layer, rings_legend
from app.figures.scale import whole
from app.figures.svg import element, join, line, number, text

MOST_POINTS = 20_000  # of a picture; the points come in one random order, so the first are a fair sample
BLOCKS = 24  # the picture is drawn in so many random blocks, so that the last language does not cover the others


@dataclass(frozen=True)
class Category:
    """A colour and shape of the map, what it is called (a language also by its code), and how many points it has."""

    name: str
    code: str
    css: str
    shape: str
    count: int
    fonts: str
    shown: bool


@dataclass(frozen=True)
class Cloud:
    """Points [N, 2] in data units, the category of each [N], which are selected [N] (None: no selection), the lasso."""

    points: np.ndarray
    category: np.ndarray
    selected: np.ndarray | None
    lasso: Sequence[tuple[float, float]]
    bounds: tuple[float, float, float, float]
    rings: Rings | None = None


def scatter_panel(cloud: Cloud, categories: Sequence[Category], title: str, *, side: float = 520.0) -> Panel:
    """Draw the cloud in a square with equal axes; the legend stands to its right."""
    x0, y0, x1, y1 = cloud.bounds
    span = max(x1 - x0, y1 - y0) or 1.0
    scale = (side - 24) / span
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    drawn = min(len(cloud.points), MOST_POINTS)

    def place(points: np.ndarray) -> np.ndarray:
        found: np.ndarray = (points - middle) * [scale, -scale] + side / 2
        return found

    where = place(cloud.points)
    parts = [text(0, 12, title, class_="heading")]
    inner = [element("rect", x=0.5, y=0.5, width=side - 1, height=side - 1, class_="frame")]
    inner += _points(where[:drawn], cloud, categories, _size(drawn))
    if cloud.lasso:
        d = "M" + "L".join(f"{number(float(x))} {number(float(y))}" for x, y in place(np.array(cloud.lasso))) + "Z"
        inner.append(element("path", d=d, class_="lasso"))
    rings = cloud.rings
    if rings is not None:
        one = categories[rings.category]
        bright = np.full(len(rings.points), one.shown)
        if cloud.selected is not None:
            bright &= cloud.selected[rings.points]
        inner.append(rings_layer(where[rings.points], place(rings.places), bright, one.shape, one.css))
        found = rings_legend(rings.words, one.shape, one.css)
        parts.append(element("g", found, transform=f"translate({side + 16:g} {38 + 18 * len(categories)})"))
    inner.append(_names(where, cloud.category, categories, side))
    parts.append(element("g", *inner, transform="translate(0 20)"))
    parts.append(element("g", legend(categories), transform=f"translate({side + 16:g} 30)"))
    said = ", ".join(f"{category.name} {category.code} {category.count}".replace("  ", " ") for category in categories)
    if rings is not None:
        said += f"; hollow: {len(rings.points)} points {' '.join(rings.words)}"
    return Panel(side + 170, side + 22, join(parts), f"{title}. Points: {said}.")


def legend(categories: Sequence[Category]) -> Markup:
    """Mark, name and number of points of each category, one under the other."""
    rows = []
    for row, category in enumerate(categories):
        y = row * 18.0
        mark = element("path", d=mark_path(category.shape, 4.5, y, 4.0), class_="dots")
        css = category.css if category.shown else "lang-other"
        name = text(14, y + 3.5, category.name, font_family=category.fonts)
        code = text(104, y + 3.5, category.code, class_="minor")
        count = text(150, y + 3.5, whole(category.count), class_="minor", text_anchor="end")
        rows.append(element("g", mark, name, code, count, class_=css, opacity=None if category.shown else 0.5))
    return join(rows)


def _size(points: int) -> float:
    """Half the width of a mark: the more points the smaller."""
    return max(1.1, min(3.4, 60 / math.sqrt(max(points, 1))))


def _points(where: np.ndarray, cloud: Cloud, categories: Sequence[Category], size: float) -> list[Markup]:
    category = cloud.category[: len(where)]
    shown = np.array([one.shown for one in categories])[category]
    bright = shown if cloud.selected is None else shown & cloud.selected[: len(where)]
    grey = element("g", *_marks(where[~bright], category[~bright], categories, size), class_="lang-other", opacity=0.15)
    opacity = max(0.35, min(0.85, 30 / math.sqrt(max(len(where), 1))))
    blocks: list[Markup] = []
    for block in np.array_split(np.flatnonzero(bright), BLOCKS):
        for k, one in enumerate(categories):
            chosen = where[block[category[block] == k]]
            if len(chosen):
                drawn = marks_path(chosen, one.shape, size)
                blocks.append(element("path", d=drawn, class_=f"dots {one.css}", fill_opacity=opacity))
    return [grey, *blocks]


def _marks(where: np.ndarray, category: np.ndarray, categories: Sequence[Category], size: float) -> list[Markup]:
    parts = [(where[category == k], one.shape) for k, one in enumerate(categories)]
    return [element("path", d=marks_path(chosen, shape, size), class_="dots") for chosen, shape in parts if len(chosen)]


def _names(where: np.ndarray, category: np.ndarray, categories: Sequence[Category], side: float) -> Markup:
    """Each name at the median of its points; names that would overlap stand beside the cloud, with lines to it."""
    spots = [
        _spot(one, where[category == k]) for k, one in enumerate(categories) if one.shown and (category == k).any()
    ]
    parts: list[Markup] = []
    for group in _overlapping(spots):
        if len(group) == 1:
            x = min(max(group[0].x, group[0].half), side - group[0].half)
            narrow = group[0].right - group[0].left < 3 * group[0].half  # a name wider than its cloud stands above it
            parts.append(_name(group[0], x, max(group[0].top - 9, 8) if narrow else group[0].y, "middle"))
            continue
        right = max(spot.right for spot in group) + 16
        widest = 2 * max(spot.half for spot in group)
        at_right = right + widest < side
        x = right if at_right else max(min(spot.left for spot in group) - 16, widest)
        middle = sum(spot.y for spot in group) / len(group)
        top = min(max(middle - 7 * (len(group) - 1), 12), side - 14 * len(group))
        for row, spot in enumerate(sorted(group, key=lambda spot: spot.y)):
            y = top + 14 * row
            leader = line(spot.x, spot.y, x - 3 if at_right else x + 3, y, class_="leader")
            parts.append(element("g", leader, class_=spot.category.css))
            parts.append(_name(spot, x, y, "start" if at_right else "end"))
    return join(parts)


@dataclass(frozen=True)
class _Spot:
    """Where a category's points are: median, 5 % to 95 % across, upper 3 %, and half the width of its name."""

    category: Category
    x: float
    y: float
    left: float
    right: float
    top: float
    half: float


def _spot(category: Category, where: np.ndarray) -> _Spot:
    x, y = np.median(where, axis=0).tolist()
    left, right = np.quantile(where[:, 0], (0.05, 0.95)).tolist()
    top = float(np.quantile(where[:, 1], 0.03))
    return _Spot(
        category,
        x,
        y,
        left,
        right,
        top,
        _width(category.name + (f" · {category.code}" if category.code else "")) / 2 + 4,
    )


def _overlapping(spots: Sequence[_Spot]) -> list[list[_Spot]]:
    """Groups of spots whose names would touch, directly or through others."""
    groups: list[list[_Spot]] = []
    for spot in spots:
        touched = [group for group in groups if any(_touch(spot, other) for other in group)]
        groups = [group for group in groups if not any(group is one for one in touched)]
        groups.append([spot, *(other for group in touched for other in group)])
    return groups


def _touch(one: _Spot, other: _Spot) -> bool:
    return abs(one.x - other.x) < one.half + other.half and abs(one.y - other.y) < 15


def _name(spot: _Spot, x: float, y: float, anchor: str) -> Markup:
    """A name on a halo of paper; own name and code are two texts, for no one font has the letters of both."""
    own, code = spot.category.name, spot.category.code
    before = {"start": 0.0, "middle": spot.half - 4, "end": 2 * (spot.half - 4)}[anchor]
    joint = x - before + _width(own)
    drawn = []
    for css in ("halo", "end"):
        drawn.append(text(joint, y + 3.5, own, class_=css, text_anchor="end", font_family=spot.category.fonts))
        if code:
            drawn.append(text(joint + 3, y + 3.5, f"· {code}", class_=css))
    return element("g", *drawn, class_=spot.category.css)


def _width(words: str) -> float:
    """About how wide bold words of 10 px are."""
    return sum(10.5 if unicodedata.east_asian_width(letter) in "WF" else 6.0 for letter in words
               if not unicodedata.combining(letter))  # fmt: skip
