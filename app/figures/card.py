"""The picture chat apps show of a link: 1200 by 630, title, real content, and where it comes from."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex
from markupsafe import Markup

from app.figures.figure import Panel
from app.figures.style import FONT, TOKENS, colour, fonts, standalone_rules
from app.figures.svg import element, join, line, text
from app.text.scripts import count_letters, dominant_script

WIDTH, HEIGHT, EDGE = 1200.0, 630.0, 48.0
TOP, BOTTOM = 150.0, 566.0  # of the content
INNER = WIDTH - 2 * EDGE
LARGEST = 2.4  # a small drawing is not blown up further
_JOINED = {"Hira": "Jpan", "Kana": "Jpan", "Hani": "Jpan", "Hang": "Kore"}
_RIGHT_TO_LEFT = frozenset({"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"})


@dataclass(frozen=True)
class Card:
    """What every preview says; `languages`, the pivot among them, is how many colours its drawing needs."""

    title: str
    subtitle: str
    footer: str
    languages: int = 1


@dataclass(frozen=True)
class Column:
    """A text with a heading over it; `note` stands under the heading, smaller."""

    heading: str
    note: str
    body: str


def drawing_card(card: Card, panels: Sequence[Panel]) -> str:
    """Panels side by side, as large as they fit."""
    gap = 18.0
    width = sum(panel.width for panel in panels) + gap * (len(panels) - 1)
    height = max((panel.height for panel in panels), default=1.0)
    scale = min(INNER / max(width, 1.0), (BOTTOM - TOP) / height, LARGEST)
    parts: list[Markup] = []
    x = EDGE + (INNER - width * scale) / 2
    for panel in panels:
        parts.append(element("g", panel.body, transform=f"translate({x:g} {TOP:g}) scale({scale:g})"))
        x += (panel.width + gap) * scale
    return _document(card, element("g", *parts, class_="figure"))


def table_card(card: Card, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first rows of a table; the first column is text, the others are numbers."""
    step, columns = 40.0, max(len(header), 1)
    first = INNER * min(0.4, 2 / (columns + 1))
    wide = (INNER - first) / max(columns - 1, 1)
    parts: list[Markup] = []
    for row, cells in enumerate((header, *rows[: int((BOTTOM - TOP) / step) - 1])):
        y = TOP + 22 + row * step
        for k, cell in enumerate(cells[:columns]):
            x = EDGE if k == 0 else EDGE + first + wide * k
            css = "head" if row == 0 else "cell first" if k == 0 else "cell"
            shown = clipped(cell, (first if k == 0 else wide) - 12, 22)
            parts.append(_words(x, y, shown, css, "start" if k == 0 else "end"))
        parts.append(line(EDGE, y + 13, WIDTH - EDGE, y + 13, class_="rule"))
    return _document(card, join(parts))


def text_card(card: Card, columns: Sequence[Column]) -> str:
    """Texts side by side, each in its own direction, cut where the picture ends."""
    gap, size, step = 28.0, 21.0, 31.0
    wide = (INNER - gap * (len(columns) - 1)) / max(len(columns), 1)
    most = int((BOTTOM - TOP - 62) / step)
    parts: list[Markup] = []
    for k, column in enumerate(columns):
        x = EDGE + k * (wide + gap)
        parts.append(_words(x, TOP + 18, column.heading, "cell first", "start"))
        parts.append(_words(x, TOP + 44, clipped(column.note, wide, 16), "note", "start"))
        parts.append(line(x, TOP + 56, x + wide, TOP + 56, class_="rule"))
        backwards = dominant_script(column.body) in _RIGHT_TO_LEFT
        for row, shown in enumerate(lines(column.body, wide, size, most)):
            y = TOP + 88 + row * step
            parts.append(_words(x + wide if backwards else x, y, shown, "body", "end" if backwards else "start"))
    return _document(card, join(parts))


def lines(words: str, width: float, size: float, most: int) -> list[str]:
    """The text in lines of about `width` at a type `size`, at most so many; the last one says if text is left over."""
    found: list[str] = []
    for paragraph in words.strip().splitlines() or [""]:
        row = ""
        for piece in regex.findall(r"\s*(?:[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]\p{M}*|\S+?(?=[\p{Han}\p{Hiragana}"
                                   r"\p{Katakana}\p{Thai}]|\s|$))", paragraph):  # fmt: skip
            for part in _broken(piece, width, size):
                if row and length(row + part, size) > width:
                    found.append(row)
                    row = part.lstrip()
                else:
                    row += part
        found.append(row)
        if len(found) > most:
            break
    if len(found) <= most:
        return found
    return [*found[: most - 1], clipped(found[most - 1] + " …", width, size) if most else ""]


def clipped(words: str, width: float, size: float) -> str:
    """The text on one line, ended by an ellipsis where it would be wider than `width`."""
    shown = " ".join(words.split())
    if length(shown, size) <= width:
        return shown
    kept = ""
    for letter in regex.findall(r"\X", shown):
        if length(kept + letter, size) > width - size * 0.8:
            break
        kept += letter
    return kept.rstrip() + "…"


def length(words: str, size: float) -> float:
    """About how wide a text is at a type size: East Asian letters are square, marks have no width."""
    units = sum(1.0 if unicodedata.east_asian_width(one) in "WF" else 0.56
                for one in words if not unicodedata.combining(one))  # fmt: skip
    return units * size


def _broken(piece: str, width: float, size: float) -> list[str]:
    """A word in parts that fit on a line."""
    if length(piece, size) <= width:
        return [piece]
    parts, part = [], ""
    for letter in regex.findall(r"\X", piece):
        if part and length(part + letter, size) > width:
            parts.append(part)
            part = ""
        part += letter
    return [*parts, part]


def _words(x: float, y: float, shown: str, css: str, anchor: str) -> Markup:
    # One family draws a whole line, and those of other scripts have Latin letters as well; Latin ones lack theirs.
    counts = {script: number for script, number in count_letters(shown).items() if script != "Latn"}
    script = max(counts, key=lambda code: counts[code], default="Latn")
    return text(x, y, _plain(shown), class_=css, text_anchor=anchor, font_family=fonts(_JOINED.get(script, script)))


def _plain(shown: str) -> str:
    """Without what XML cannot hold or what would turn the line around."""
    return "".join(one if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co") else " " for one in shown)


def _document(card: Card, content: Markup) -> str:
    inks = {name: colour(name, "light") for name in TOKENS}
    rules = standalone_rules("light", card.languages) + (
        f"text {{ fill: {inks['ink']}; font-variant-numeric: tabular-nums; }}\n"
        ".title { font-size: 42px; font-weight: 600; }\n"
        f".subtitle {{ font-size: 23px; fill: {inks['ink-2']}; }}\n"
        f".foot {{ font-size: 19px; fill: {inks['ink-2']}; }}\n"
        ".cell { font-size: 22px; }\n.first { font-weight: 600; }\n.body { font-size: 21px; }\n"
        f".head {{ font-size: 18px; fill: {inks['ink-2']}; }}\n.note {{ font-size: 16px; fill: {inks['ink-2']}; }}\n"
        f".rule {{ stroke: {inks['line']}; stroke-width: 1; }}\n"
    )
    parts = (
        element("rect", width=WIDTH, height=HEIGHT, fill=inks["bg"]),
        _words(EDGE, 78, clipped(card.title, INNER, 42), "title", "start"),
        _words(EDGE, 116, clipped(card.subtitle, INNER, 23), "subtitle", "start"),
        content,
        line(EDGE, 584, WIDTH - EDGE, 584, class_="rule"),
        _words(EDGE, 612, clipped(card.footer, INNER - 160, 19), "foot", "start"),
        _words(WIDTH - EDGE, 612, "Babelscope", "foot", "end"),
    )
    return str(
        element(
            "svg",
            element("title", card.title),
            element("style", Markup(rules)),  # noqa: S704 - our own constants
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            font_family=FONT,
            viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
            width=WIDTH,
            height=HEIGHT,
        )
    )
