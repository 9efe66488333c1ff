"""SVG elements as escaped strings: the only place of this package that writes angle brackets."""

from collections.abc import Iterable

from markupsafe import Markup, escape

Value = str | int | float | None


def number(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros: 3.10 -> 3.1, -0.0 -> 0."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0") if abs(value) < 0.005 else _short(value)


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def element(name: str, *children: str | Markup, **attributes: Value) -> Markup:
    """One element; `class_` and `stroke_width` become class and stroke-width, None leaves the attribute out."""
    written = "".join(
        f' {key.strip("_").replace("__", ":").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{name}{written}/>")  # noqa: S704 - every part is escaped above
    return Markup(f"<{name}{written}>{join(children)}</{name}>")  # noqa: S704 - join escapes


def join(parts: Iterable[str | Markup]) -> Markup:
    """The parts one after the other, plain strings escaped."""
    return Markup("").join(parts)


def text(x: float, y: float, content: str | Markup, **attributes: Value) -> Markup:
    """A text element at (x, y)."""
    return element("text", content, x=x, y=y, **attributes)


def line(x0: float, y0: float, x1: float, y1: float, **attributes: Value) -> Markup:
    """A straight line."""
    return element("line", x1=x0, y1=y0, x2=x1, y2=y1, **attributes)


def path(points: Iterable[tuple[float, float] | None]) -> str:
    """The `d` of a line through the points; None lifts the pen."""
    out: list[str] = []
    drawing = False
    for point in points:
        if point is not None:
            out.append(f"{'L' if drawing else 'M'}{number(point[0])} {number(point[1])}")
        drawing = point is not None
    return "".join(out)


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else number(value)
