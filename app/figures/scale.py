"""Axes: where ticks sit, how numbers read, how data become pixels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

THIN = "\u2009"  # the space between thousands


@dataclass(frozen=True)
class Scale:
    """A linear map from data (low..high) to pixels (start..end)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """About `wanted` round numbers (1, 2 or 5 times a power of ten) that cover low..high from inside."""
    if not high > low:
        return [low]
    raw = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def level_ticks(levels: int, wanted: int = 6) -> list[int]:
    """Whole levels to label, the first and the last always among them."""
    last = levels - 1
    step = next((s for s in (1, 2, 4, 5, 8, 10, 20, 25, 50) if last / s <= wanted), max(last, 1))
    marks = [level for level in range(0, last + 1, step) if last - level >= step * 0.6]
    return [*marks, last]


def domain(values: Iterable[float], *, zero: bool = False, least: float = 0.0) -> tuple[float, float]:
    """Round limits around the finite values; `zero` keeps 0 inside, `least` is the smallest span worth drawing."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < max(least, 1e-9):
        middle, half = (low + high) / 2, max(least, 1e-3) / 2
        low, high = (low, low + 2 * half) if zero and low == 0 else (middle - half, middle + half)
    marks = ticks(low, high)
    step = marks[1] - marks[0] if len(marks) > 1 else high - low
    return math.floor(low / step + 1e-3) * step, math.ceil(high / step - 1e-3) * step


def significant(value: float, digits: int = 3) -> str:
    """A number for readers: three significant digits, a true minus sign, – for what is not a number."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < 6:
        shown = f"{value:,.{max(digits - 1 - size, 0)}f}".replace(",", THIN)
    else:
        shown = f"{value:.{digits - 1}e}"
    return shown.replace("-", "−")


def tick_label(value: float, marks: Sequence[float]) -> str:
    """A tick's number with as many decimals as the step between ticks needs."""
    step = abs(marks[1] - marks[0]) if len(marks) > 1 else abs(value) or 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    return f"{value:,.{decimals}f}".replace("-", "−").replace(",", THIN)


def whole(value: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,}".replace(",", THIN)
