"""The small drawings of a neuron's page: bars, histograms, and the strip of layers."""

import math
from collections.abc import Collection, Sequence

from markupsafe import Markup

from app.figures.scale import Scale
from app.figures.svg import element, join, line, text
from app.neurons.contracts import Histogram

BAR_WIDTH, BAR_HEIGHT = 160, 12
HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT = 150, 46
STRIP_WIDTH, STRIP_HEIGHT = 720, 34


def value_bar(value: float | None, values: Collection[float | None]) -> Markup:
    """A bar from 0 to `value` on the scale that all `values` share; empty where nothing is known."""
    known = [one for one in values if one is not None]
    scale = Scale(min([0.0, *known]), max([0.0, *known]), 0, BAR_WIDTH)
    parts: list[Markup] = []
    if value is not None:
        left, right = sorted((scale(0), scale(value)))
        parts.append(element("rect", class_="value", x=left, y=1, width=max(right - left, 0.75), height=BAR_HEIGHT - 2))
    parts.append(line(scale(0), 0, scale(0), BAR_HEIGHT, class_="zero"))
    return _svg(BAR_WIDTH, BAR_HEIGHT, "bars", join(parts))


def histogram(one: Histogram) -> Markup:
    """Counts by activation; heights grow with the square root, so that a single sentence can be seen."""
    tallest, bins = math.sqrt(max(one.counts, default=0) or 1), max(len(one.counts), 1)
    across, up = Scale(one.low, one.high, 0, HISTOGRAM_WIDTH), Scale(0, tallest, 0, HISTOGRAM_HEIGHT - 2)
    width = HISTOGRAM_WIDTH / bins
    thick = max(width - 0.6, 0.4)
    bars = "".join(
        f"M{i * width:.1f} {HISTOGRAM_HEIGHT}v{-up(math.sqrt(count)):.1f}h{thick:.1f}V{HISTOGRAM_HEIGHT}z"
        for i, count in enumerate(one.counts)
        if count
    )
    parts = [element("path", class_="value", d=bars)]
    parts.append(line(0, HISTOGRAM_HEIGHT, HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, class_="zero"))
    if one.low < 0 < one.high:
        parts.append(line(across(0), 0, across(0), HISTOGRAM_HEIGHT, class_="zero dotted"))
    return _svg(HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT, "histogram", join(parts))


def layer_strip(counts: Sequence[int], split: int, here: int, similar: Collection[int]) -> Markup:
    """One cell a layer, darker the more of its neurons are listed; this layer framed, layers of similar ones dotted."""
    width, most = STRIP_WIDTH / len(counts), max([*counts, 1])
    parts = [
        element(
            "rect", element("title", f"Layer {layer}: {count:,} listed neurons"),
            class_="listed" if count else "listed none", x=layer * width, y=8, width=width, height=16,
            fill_opacity=0.08 + 0.82 * count / most,
        )
        for layer, count in enumerate(counts)
    ]  # fmt: skip
    parts.append(line(split * width, 4, split * width, 28, class_="split"))
    parts += [element("circle", cx=(layer + 0.5) * width, cy=29, r=2, class_="similar") for layer in set(similar)]
    parts.append(element("rect", class_="here", x=here * width, y=7, width=width, height=18))
    at = min(max((here + 0.5) * width, 18), STRIP_WIDTH - 18)
    parts.append(text(at, 5, str(here), class_="label", text_anchor="middle"))
    return _svg(STRIP_WIDTH, STRIP_HEIGHT, "strip", join(parts))


def _svg(width: int, height: int, name: str, content: Markup) -> Markup:
    return element(
        "svg", content, class_=name, viewBox=f"0 0 {width} {height}", width=width, height=height, aria_hidden="true",
        focusable="false",
    )  # fmt: skip
