"""A figure: panels with one title and caption and the table behind them, drawn into a page or as a file of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.figures.style import FONT, Label, Theme, colour, fonts, standalone_rules
from app.figures.svg import element, join, text

Cell = str | int | float | None
MARGIN = 16.0
GUTTER = 14.0
LETTER = 5.4  # mean width of a letter of a 10.5 px sans-serif; only for breaking lines


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure: column names and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Panel:
    """One drawing, `width` by `height` pixels, and what it shows in words."""

    width: float
    height: float
    body: Markup
    alt: str


@dataclass(frozen=True)
class Figure:
    """Panels in rows of `columns`; `languages`, the pivot among them, is how many colours the palette must hold."""

    name: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    columns: int
    table: Table
    languages: int


def inline(panel: Panel, css: str = "") -> Markup:
    """The panel for a page: it scales with its box and takes its colours from the page's custom properties."""
    return element(
        "svg",
        panel.body,
        class_=f"figure {css}".strip(),
        viewBox=f"0 0 {panel.width:g} {panel.height:g}",
        width=panel.width,
        height=panel.height,
        role="img",
        aria_label=panel.alt,
    )


def standalone(figure: Figure, theme: Theme = "light") -> str:
    """The whole figure as an SVG file: title, panels, caption, fonts by name and colours written in."""
    columns = max(1, min(figure.columns, len(figure.panels)))
    rows = [figure.panels[start : start + columns] for start in range(0, len(figure.panels), columns)]
    content = max(sum(panel.width for panel in row) + GUTTER * (len(row) - 1) for row in rows) if rows else 0.0
    width = max(content, 420.0) + 2 * MARGIN
    parts: list[Markup] = []
    y = MARGIN
    for line in wrapped(figure.title, width - 2 * MARGIN, 6.9):
        y += 17
        parts.append(text(MARGIN, y - 4, line, class_="title"))
    y += 10
    for row in rows:
        x = MARGIN
        for panel in row:
            parts.append(element("g", panel.body, transform=f"translate({x:g} {y:g})"))
            x += panel.width + GUTTER
        y += max(panel.height for panel in row) + GUTTER
    for line in wrapped(figure.caption, width - 2 * MARGIN, LETTER):
        y += 14
        parts.append(text(MARGIN, y - 3, line, class_="caption"))
    return document(width, y + MARGIN, join(parts), figure, theme)


def document(width: float, height: float, body: Markup, figure: Figure, theme: Theme) -> str:
    """An SVG file around a drawing."""
    rules = (
        standalone_rules(theme, figure.languages)
        + ".figure .title { font-size: 13px; font-weight: 600; }\n.figure .caption { font-size: 10.5px; }\n"
        + f".paper {{ fill: {colour('bg', theme)}; }}\n"
    )
    return str(
        element(
            "svg",
            element("title", figure.title),
            element("desc", figure.caption),
            element("style", Markup(rules)),  # noqa: S704 - our own constants
            element("rect", class_="paper", width=width, height=height),
            element("g", body, class_="figure"),
            xmlns="http://www.w3.org/2000/svg",
            font_family=FONT,  # an attribute, not a rule, so that a text may name its script's fonts by attribute
            viewBox=f"0 0 {width:g} {height:g}",
            width=width,
            height=height,
        )
    )


def wrapped(words: str, width: float, letter: float) -> list[str]:
    """The words in lines of about `width` pixels, a letter being about `letter` wide."""
    lines: list[str] = []
    for word in filter(None, words.split(" ")):  # not at no-break spaces
        if lines and (len(lines[-1]) + 1 + len(word)) * letter <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def heading(x: float, y: float, label: Label) -> Markup:
    """A language as the heading of a panel: its code, then its own name in fonts that have its script.

    Two text elements: some renderers pick wrong fonts for the Latin part when both stand in one right-to-left run.
    """
    code = text(x, y, label.code, class_=f"heading end {label.css}")
    offset = 7.2 * len(label.code) + 4
    name = text(x + offset, y, label.endonym, class_="minor", font_family=fonts(label.script), lang=label.code)
    return code + name


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions as little as they need to be `gap` apart and within low..high; the order stays."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = [min(max(positions[i], low), high) for i in order]
    for _ in range(2):
        for i in range(1, len(placed)):
            placed[i] = max(placed[i], placed[i - 1] + gap)
        excess = placed[-1] - high if placed else 0.0
        if excess > 0:
            placed[-1] -= excess
            for i in range(len(placed) - 2, -1, -1):
                placed[i] = min(placed[i], placed[i + 1] - gap)
    out = [0.0] * len(positions)
    for i, value in zip(order, placed, strict=True):
        out[i] = value
    return out
