"""Square heat maps between languages, one a level, on one common ramp."""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from app.figures.figure import Panel
from app.figures.scale import significant
from app.figures.style import Label
from app.figures.svg import element, join, text

SMALL = 0.1  # a ramp that ends below it needs a third decimal
FLOOR = 0.04  # the palest cell still differs from the paper


def matrix_panel(
    values: np.ndarray, labels: Sequence[Label], title: str, limits: tuple[float, float], *, cell: float, numbers: bool
) -> Panel:
    """Draw `values` [K, K]; `limits` are the ends of the ramp, `numbers` prints each cell's value into it."""
    count = len(labels)
    left = 8.0 + 6.4 * max(len(label.code) for label in labels)
    top, side = 34.0, cell * count
    parts = [text(0, 12, title, class_="heading")]
    for k, label in enumerate(labels):
        middle = (k + 0.5) * cell + 3.5
        parts.append(text(left - 5, top + middle, label.code, class_=f"end {label.css}", text_anchor="end"))
        if cell >= 6.4 * len(label.code) + 2:
            parts.append(
                text(left + middle - 3.5, top - 5, label.code, class_=f"end {label.css}", text_anchor="middle")
            )
    for row, column in np.ndindex(count, count):
        value, x, y = float(values[row, column]), left + column * cell, top + row * cell
        shade = strength(value, limits)
        said = element("title", f"{labels[row].code} – {labels[column].code}: {significant(value)}")
        parts.append(element("rect", said, x=x, y=y, width=cell, height=cell, class_="heat", fill_opacity=shade))
        if numbers:
            parts.append(printed(value, shade, x + cell / 2, y + cell / 2 + 3.5, limits))
    parts.append(element("rect", x=left, y=top, width=side, height=side, class_="frame"))
    return Panel(left + side + 4, top + side + 6, join(parts), _in_words(values, labels, title))


def printed(value: float, shade: float, x: float, y: float, limits: tuple[float, float]) -> Markup:
    """A cell's value with two decimals, three on a ramp that ends below .1, on dark ink in the paper's colour."""
    decimals = 2 if max(abs(limits[0]), abs(limits[1])) >= SMALL else 3
    rounded = round(value, decimals) + 0.0 if math.isfinite(value) else value  # + 0: no minus before a zero
    shown = f"{rounded:.{decimals}f}".replace("0.", ".", 1).replace("-", "−") if math.isfinite(value) else "–"
    return text(x, y, shown, class_="over" if shade > 0.55 else None, text_anchor="middle")


def strength(value: float, limits: tuple[float, float]) -> float:
    """How strong the ink of a value is, FLOOR..1."""
    low, high = limits
    if not math.isfinite(value):
        return 0.0
    share = (value - low) / (high - low) if high > low else 1.0
    return FLOOR + (1 - FLOOR) * min(max(share, 0.0), 1.0)


def ramp_panel(limits: tuple[float, float], title: str) -> Panel:
    """The legend of a ramp."""
    steps = 24
    parts = [text(0, 12, title, class_="minor")]
    for step in range(steps):
        shade = FLOOR + (1 - FLOOR) * step / (steps - 1)
        parts.append(element("rect", x=step * 5, y=18, width=5.2, height=9, class_="heat", fill_opacity=shade))
    parts.append(text(0, 38, significant(limits[0], 2), class_="minor"))
    parts.append(text(steps * 5, 38, significant(limits[1], 2), class_="minor", text_anchor="end"))
    return Panel(
        max(steps * 5 + 4.0, 6 * len(title)), 42, join(parts), f"{title}, from {limits[0]:.2f} to {limits[1]:.2f}."
    )


def _in_words(values: np.ndarray, labels: Sequence[Label], title: str) -> str:
    off = ~np.eye(len(labels), dtype=bool)
    apart = values[off]
    if not len(apart):
        return f"{title}."
    return f"{title}: between {significant(float(apart.min()))} and {significant(float(apart.max()))}."
