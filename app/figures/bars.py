"""Histograms over layers: how many of the best neurons of each type sit in each layer."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.figures.figure import Panel, heading
from app.figures.scale import Scale, level_ticks, tick_label, ticks
from app.figures.style import Label
from app.figures.svg import element, join, line, text

LEFT, RIGHT, TOP, BOTTOM = 34.0, 8.0, 36.0, 32.0


@dataclass(frozen=True)
class LayerCounts:
    """Neurons of each type per layer, for one language; layers from 0."""

    label: Label
    type1: Sequence[int]
    type2: Sequence[int]


def layer_histogram(counts: LayerCounts, split: int, top: int, *, width: float = 260.0, height: float = 180.0) -> Panel:
    """Bars a layer, Type-1 below `split` and Type-2 from there; `top` is the common end of the vertical axis."""
    layers = len(counts.type1)
    x = Scale(0, layers, LEFT, width - RIGHT)
    y = Scale(0, max(top, 1), height - BOTTOM, TOP)
    marks = [mark for mark in ticks(0, y.high, 4) if mark == int(mark)]
    parts = [heading(0, 12, counts.label)]
    for mark in marks:
        parts.append(line(x.start, y(mark), x.end, y(mark), class_="grid"))
        parts.append(text(x.start - 5, y(mark) + 3.5, tick_label(mark, marks), class_="minor", text_anchor="end"))
    parts += [_bars(counts.type1, x, y, 1), _bars(counts.type2, x, y, 2)]
    parts.append(line(x(split), y.end - 14, x(split), y.start, class_="divide"))
    parts.append(text(x(split) - 4, y.end - 6, "Type-1", class_="end type-1", text_anchor="end"))
    parts.append(text(x(split) + 4, y.end - 6, "Type-2", class_="end type-2"))
    parts.append(line(x.start, y.start, x.end, y.start, class_="axis"))
    for layer in level_ticks(layers):
        parts.append(text(x(layer + 0.5), y.start + 13, str(layer), class_="minor", text_anchor="middle"))
    parts.append(text((x.start + x.end) / 2, y.start + 27, "layer", class_="minor", text_anchor="middle"))
    return Panel(width, height, join(parts), _in_words(counts))


def _bars(counts: Sequence[int], x: Scale, y: Scale, kind: int) -> Markup:
    wide = (x.end - x.start) / len(counts)
    gap = min(1.0, wide * 0.15)
    bars = [
        element(
            "rect",
            element("title", f"layer {layer}: {count} Type-{kind}"),
            x=x(layer) + gap / 2,
            y=y(count),
            width=wide - gap,
            height=y.start - y(count),
            class_="hist",
        )
        for layer, count in enumerate(counts)
        if count
    ]
    return element("g", *bars, class_=f"type-{kind}")


def _in_words(counts: LayerCounts) -> str:
    found = []
    for kind, values in ((1, counts.type1), (2, counts.type2)):
        most = max(range(len(values)), key=lambda layer: values[layer]) if any(values) else None
        found.append(f"no Type-{kind}" if most is None else f"most Type-{kind} in layer {most} ({values[most]})")
    return f"{counts.label.endonym} · {counts.label.code}: {', '.join(found)}."
