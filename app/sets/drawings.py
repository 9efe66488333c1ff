"""The drawings of sets: neurons by layer, and two circles whose areas are those of the sets and of what they share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.contracts.sets import Operation
from app.figures.figure import Panel
from app.figures.scale import Scale, level_ticks, tick_label, ticks, whole
from app.figures.svg import element, join, line, text
from app.text.plural import plural

LEFT, RIGHT, TOP, BOTTOM = 44.0, 6.0, 10.0, 32.0
VENN_WIDTH, VENN_HEIGHT = 380.0, 210.0
REGIONS: dict[Operation, tuple[bool, bool, bool]] = {  # A alone, both, B alone
    "and": (False, True, False),
    "or": (True, True, True),
    "minus": (True, False, False),
    "xor": (True, False, True),
}


@dataclass(frozen=True)
class Part:
    """One part of every layer's bar: its name, its numbers by layer, its class."""

    name: str
    counts: Sequence[int]
    css: str


def layer_bars(parts: Sequence[Part], *, width: float = 640.0, height: float = 170.0) -> Panel:
    """A bar a layer, the parts on top of one another, the first at the bottom."""
    layers = len(parts[0].counts)
    totals = [sum(part.counts[layer] for part in parts) for layer in range(layers)]
    x, y = Scale(0, layers, LEFT, width - RIGHT), Scale(0, max([*totals, 1]), height - BOTTOM, TOP)
    marks = [mark for mark in ticks(0, y.high, 4) if mark == int(mark)]
    drawn: list[Markup] = []
    for mark in marks:
        drawn.append(line(x.start, y(mark), x.end, y(mark), class_="grid"))
        drawn.append(text(x.start - 5, y(mark) + 3.5, tick_label(mark, marks), class_="minor", text_anchor="end"))
    drawn += [_bar(parts, layer, x, y) for layer in range(layers) if totals[layer]]
    drawn.append(line(x.start, y.start, x.end, y.start, class_="axis"))
    for layer in level_ticks(layers, 12):
        drawn.append(text(x(layer + 0.5), y.start + 13, str(layer), class_="minor", text_anchor="middle"))
    drawn.append(text((x.start + x.end) / 2, y.start + 27, "layer", class_="minor", text_anchor="middle"))
    most = max(range(layers), key=totals.__getitem__)
    used = sum(1 for total in totals if total)
    return Panel(width, height, join(drawn), f"Neurons by layer: {used} of {layers} layers, most in layer {most} "
                 f"({whole(totals[most])}).")  # fmt: skip


def _bar(parts: Sequence[Part], layer: int, x: Scale, y: Scale) -> Markup:
    wide = (x.end - x.start) / len(parts[0].counts)
    gap = min(2.0, wide * 0.2)
    said = ", ".join(f"{whole(part.counts[layer])} {part.name}" for part in parts if part.counts[layer])
    pieces, below = [element("title", f"layer {layer}: {said}")], 0
    for part in parts:
        count = part.counts[layer]
        if count:
            pieces.append(
                element("rect", x=x(layer) + gap / 2, y=y(below + count), width=wide - gap,
                        height=y(below) - y(below + count), class_=f"part {part.css}")
            )  # fmt: skip
        below += count
    return element("g", *pieces)


def lens(a: float, b: float, distance: float) -> float:
    """The area that circles of radius `a` and `b` share when their centres are `distance` apart."""
    if distance >= a + b:
        return 0.0
    if distance <= abs(a - b):
        return math.pi * min(a, b) ** 2
    one = math.acos(max(-1.0, min(1.0, (distance**2 + a**2 - b**2) / (2 * distance * a))))
    two = math.acos(max(-1.0, min(1.0, (distance**2 + b**2 - a**2) / (2 * distance * b))))
    kite = (-distance + a + b) * (distance + a - b) * (distance - a + b) * (distance + a + b)
    return a**2 * one + b**2 * two - 0.5 * math.sqrt(max(kite, 0.0))


def distance_of(left: int, right: int, both: int, a: float, b: float) -> float:
    """How far apart the centres are so that the shared area is to circle A as `both` is to `left`."""
    if both == 0:
        return (a + b) * 1.06
    if both == min(left, right):
        return abs(a - b)
    wanted, low, high = math.pi * a**2 * both / left, abs(a - b), a + b
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if lens(a, b, middle) > wanted else (low, middle)
    return (low + high) / 2


def circles(left: int, right: int, both: int, operation: Operation | None = None) -> Panel:
    """Set A and set B as circles of their areas; the regions that the operation keeps are filled."""
    biggest = VENN_HEIGHT * 0.36
    a, b = (biggest * math.sqrt(size / max(left, right, 1)) for size in (left, right))
    apart = distance_of(left, right, both, a, b) if left and right else a + b
    start = (VENN_WIDTH - (a + apart + b)) / 2
    xa, y = start + a, VENN_HEIGHT / 2 + 4
    xb = xa + apart
    keep = REGIONS.get(operation, (False, False, False)) if operation else (False, False, False)
    drawn = [element("path", d=d, class_="kept", fill_rule="evenodd") for d in _regions(xa, xb, y, (a, b), keep)]
    drawn += [element("circle", cx=x, cy=y, r=r, class_=f"ring {css}") for x, r, css in ((xa, a, "a"), (xb, b, "b"))]
    drawn.append(text(xa - a * 0.72 - 6, y - a * 0.72 - 4, "A", class_="heading ring-a", text_anchor="end"))
    drawn.append(text(xb + b * 0.72 + 6, y - b * 0.72 - 4, "B", class_="heading ring-b"))
    a_has, shared = f"{whole(left)} {plural(left, 'neuron')}", f"{whole(both)} {plural(both, 'is', 'are')}"
    words = f"A has {a_has}, B {whole(right)}; {shared} in both."
    return Panel(VENN_WIDTH, VENN_HEIGHT, join(drawn), words)


def _regions(xa: float, xb: float, y: float, radii: tuple[float, float], keep: tuple[bool, bool, bool]) -> list[str]:
    """Paths that fill the regions kept: A alone, both, B alone; even-odd of a circle and the lens leaves the rest."""
    a, b = radii
    whole_a, whole_b, shared = _circle(xa, y, a), _circle(xb, y, b), _lens_path(xa, xb, y, a, b)
    found = []
    if keep[0]:
        found.append(whole_a + shared)
    if keep[1] and shared:
        found.append(shared)
    if keep[2]:
        found.append(whole_b + shared)
    return found


def _circle(x: float, y: float, r: float) -> str:
    return f"M{x - r:.2f} {y:.2f}a{r:.2f} {r:.2f} 0 1 0 {2 * r:.2f} 0a{r:.2f} {r:.2f} 0 1 0 {-2 * r:.2f} 0z"


def _lens_path(xa: float, xb: float, y: float, a: float, b: float) -> str:
    apart = xb - xa
    if apart >= a + b:
        return ""
    if apart <= abs(a - b):
        return _circle(xa, y, a) if a <= b else _circle(xb, y, b)
    along = (apart**2 + a**2 - b**2) / (2 * apart)
    up = math.sqrt(max(a**2 - along**2, 0.0))
    x = xa + along
    big_a, big_b = int(along < 0), int(apart - along < 0)
    return (
        f"M{x:.2f} {y - up:.2f}A{a:.2f} {a:.2f} 0 {big_a} 1 {x:.2f} {y + up:.2f}"
        f"A{b:.2f} {b:.2f} 0 {big_b} 1 {x:.2f} {y - up:.2f}z"
    )
