"""A heat map whose rows and columns are named apart, with the value in every cell."""

from collections.abc import Sequence

import numpy as np

from app.figures.figure import Panel
from app.figures.matrix import printed, strength
from app.figures.scale import significant
from app.figures.style import Label
from app.figures.svg import element, join, text

CELL = 40.0


def grid_panel(
    values: np.ndarray, rows: Sequence[Label], columns: Sequence[Label], title: str, limits: tuple[float, float]
) -> Panel:
    """Draw `values` [rows, columns]; `limits` are the ends of the ramp."""
    left, top = 12.0 + 6.4 * max(len(label.code) for label in rows), 34.0
    width, height = CELL * len(columns), CELL * len(rows)
    parts = [text(0, 12, title, class_="heading")]
    for place, label in enumerate(rows):
        middle = top + (place + 0.5) * CELL + 3.5
        parts.append(text(left - 5, middle, label.code, class_=f"end {label.css}".strip(), text_anchor="end"))
    for place, label in enumerate(columns):
        middle = left + (place + 0.5) * CELL
        parts.append(text(middle, top - 5, label.code, class_=f"end {label.css}".strip(), text_anchor="middle"))
    for row, column in np.ndindex(len(rows), len(columns)):
        value, x, y = float(values[row, column]), left + column * CELL, top + row * CELL
        shade = strength(value, limits)
        said = element("title", f"{rows[row].code} off, {columns[column].code} measured: {significant(value)}")
        parts.append(element("rect", said, x=x, y=y, width=CELL, height=CELL, class_="heat", fill_opacity=shade))
        parts.append(printed(value, shade, x + CELL / 2, y + CELL / 2 + 3.5, limits))
    parts.append(element("rect", x=left, y=top, width=width, height=height, class_="frame"))
    return Panel(left + width + 4, top + height + 6, join(parts), _in_words(values, rows, columns, title))


def _in_words(values: np.ndarray, rows: Sequence[Label], columns: Sequence[Label], title: str) -> str:
    told = [
        f"{label.code} off: "
        + ", ".join(f"{other.code} {significant(float(values[row, at]))}" for at, other in enumerate(columns))
        for row, label in enumerate(rows)
    ]
    return f"{title}. {'; '.join(told)}."
