"""Numbers, sizes, durations and times as pages print them."""

import math
import re
from datetime import datetime

from markupsafe import Markup, escape

from app.text.plural import plural

# Direction marks and control characters; shown, so that a text cannot pretend to be part of the page.
_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\x00-\x08\x0b-\x1f\x7f-\x9f]")
_THIN = "\u202f"  # between thousands; never breaks a line


def significant(value: float | None, digits: int = 3) -> str:
    """`value` with so many significant digits and a true minus sign; a dash for what is no number."""
    if value is None or not math.isfinite(value):
        return "–"
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        text = f"{value:.{digits - 1}e}"
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    elif abs(value) >= 10 ** (digits - 1):
        kept = round(value, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{kept:,.0f}".replace(",", _THIN)
    else:
        text = f"{value:#.{digits}g}".rstrip(".")
    return text.replace("-", "−")


def number(value: float | None, digits: int = 3) -> Markup:
    """A number of three significant digits whose tooltip is the full one."""
    if value is None:
        return Markup('<span class="none">–</span>')
    return Markup('<data class="num" value="{0}" title="{0}">{1}</data>').format(
        repr(value), significant(value, digits)
    )


def count(value: int | None) -> str:
    """A whole number with narrow spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", _THIN)


def counted(value: int, one: str, more: str = "") -> str:
    """A whole number with its noun: `1 neuron`, `1 206 neurons`."""
    return f"{count(value)} {plural(value, one, more)}"


def size(value: float) -> str:
    """A number of bytes in the unit that suits it."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    step = 0
    while value >= 1000 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    return f"{value:.0f} {units[step]}" if step == 0 or value >= 100 else f"{value:.1f} {units[step]}"


def duration(seconds: float | None) -> str:
    """A length of time in one or two units: `8 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "–"
    if 0 < seconds < 1:
        return "under 1 s"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def brief(value: str) -> Markup:
    """A hash or commit by its beginning, whole in its tooltip; anything shorter as it is."""
    if len(value) <= 16:
        return escape(value)
    return Markup('<span title="{0}">{1}…</span>').format(value, value[:10])


def moment(value: datetime | None) -> Markup:
    """A time in UTC, exact in the markup."""
    if value is None:
        return Markup('<span class="none">–</span>')
    return Markup('<time datetime="{}">{} UTC</time>').format(value.isoformat(), value.strftime("%Y-%m-%d %H:%M"))


def visible(text: str) -> Markup:
    """The text with direction marks and control characters shown as their code points."""
    parts: list[Markup] = []
    last = 0
    for found in _HIDDEN.finditer(text):
        parts.append(escape(text[last : found.start()]))
        name = f"U+{ord(found[0]):04X}"
        parts.append(Markup('<span class="mark" title="hidden character {0}">{0}</span>').format(name))
        last = found.end()
    return Markup("").join([*parts, escape(text[last:])])
