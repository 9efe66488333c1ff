"""A strip of layer metrics: thin lines with no axes, as wide as the slider that lies over it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.figures.scale import Scale, significant
from app.figures.svg import element, path

WIDTH, HEIGHT = 1000.0, 100.0


@dataclass(frozen=True)
class StripLine:
    """A metric between 0 and 1, one value a level; `dash` tells it from the others besides its class."""

    name: str
    values: Sequence[float]
    css: str
    dash: str | None


def strip(lines: Sequence[StripLine]) -> Markup:
    """The lines over the whole width, 0 at the bottom and 1 at the top; below 0 is drawn as 0."""
    levels = max((len(line.values) for line in lines), default=1)
    x, y = Scale(0, max(levels - 1, 1), 0, WIDTH), Scale(0, 1, HEIGHT - 4, 4)
    drawn = [
        element(
            "path",
            element("title", line.name),
            d=path((x(i), y(min(max(v, 0.0), 1.0))) if math.isfinite(v) else None for i, v in enumerate(line.values)),
            class_=f"line {line.css}",
            stroke_dasharray=line.dash,
            vector_effect="non-scaling-stroke",
        )
        for line in lines
    ]
    rules = [element("line", x1=0, x2=WIDTH, y1=y(v), y2=y(v), class_="grid", vector_effect="non-scaling-stroke")
             for v in (0.0, 0.5, 1.0)]  # fmt: skip
    said = "; ".join(
        f"{line.name} from {significant(float(line.values[0]))} to {significant(float(line.values[-1]))}"
        for line in lines if len(line.values)
    )  # fmt: skip
    return element(
        "svg", *rules, *drawn, class_="figure strip", viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", preserveAspectRatio="none",
        role="img", aria_label=f"Layer metrics by level: {said}.",
    )  # fmt: skip
