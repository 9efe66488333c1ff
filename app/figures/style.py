"""How figures look: palettes for light and dark, dashes, marks, and the style sheet both kinds of SVG share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.text.languages import Language

Theme = Literal["light", "dark"]

# Languages other than the pivot, in the run's order. Smallest CIEDE2000 distance of any two, the pivot's ink included:
# 18.6, 15.4, 13.2 on light and 22.3, 15.6, 14.4 on dark paper for 7, 9, 11 languages; above 11.7 under simulated
# protanopia, deuteranopia and tritanopia; every colour at least 3:1 on its paper. The pages' style sheet has the same.
PALETTES: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    7: (
        ("#c465fc", "#20aa32", "#303f77", "#6b4914", "#e0558e", "#29745d", "#4925f6"),
        ("#8c22f5", "#f90d03", "#149f8b", "#85ff38", "#fa9cfa", "#875554", "#b7bd85"),
    ),
    9: (
        ("#499adf", "#d57b10", "#2b3a98", "#8b3e15", "#98708b", "#226f58", "#472745", "#8047e1", "#678e6a"),
        ("#815096", "#2b8507", "#0cfb01", "#d08ffb", "#f16b91", "#39b509", "#a85467", "#acd894", "#9359f4"),
    ),
    11: (
        ("#dc6cc3", "#49a921", "#303f77", "#6b4914", "#c53d65", "#4925f6", "#226f58", "#9b5790", "#3a2906", "#681140",
         "#5c7d1f"),
        ("#6255b2", "#d13106", "#0cfb01", "#e595f4", "#149f8b", "#875554", "#b7bd85", "#867bb9", "#74925c", "#b6a125",
         "#91ceb9"),
    ),
}  # fmt: skip
PIVOT = ("#1a1713", "#ffffff")
OTHER = ("#8d867d", "#8d867d")  # languages beyond the palette

# Colours that only figures use: (on light paper, on dark paper). The pages' own tokens have the same values.
TOKENS: dict[str, tuple[str, str]] = {
    "bg": ("#ffffff", "#151312"),
    "ink": ("#1a1713", "#f4f1ed"),
    "ink-2": ("#55504a", "#b9b2aa"),
    "line": ("#dcd7d0", "#38332f"),
    "line-2": ("#8d867d", "#7a736b"),
    "heat": ("#2a4b8d", "#8fb4ff"),
    "type-1": ("#2b5fb3", "#7db0ff"),
    "type-2": ("#c2600c", "#f2a45c"),
}

DASHES: tuple[str | None, ...] = (None, "5 2", "1.5 2", "7 2 1.5 2", "3 1.5")

_RULES = """
.figure text { fill: {ink}; font-size: 10px; font-variant-numeric: tabular-nums; }
.figure .heading { font-size: 11px; font-weight: 600; }
.figure .minor { fill: {ink-2}; }
.figure .axis { stroke: {ink}; stroke-width: 0.75; }
.figure .grid { stroke: {line}; stroke-width: 0.5; }
.figure .divide { stroke: {ink-2}; stroke-width: 0.75; stroke-dasharray: 2 2; }
.figure .branch { fill: none; stroke: {ink-2}; stroke-width: 1; }
.figure .line { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
.figure .faint { stroke-width: 0.9; stroke-opacity: 0.6; }
.figure .reference { fill: none; stroke: {ink-2}; stroke-width: 1; stroke-dasharray: 1 2.5; }
.figure .band { fill: currentColor; fill-opacity: 0.12; }
.figure .leader { stroke: currentColor; stroke-width: 0.5; }
.figure .end { fill: currentColor; font-weight: 600; }
.figure .heat { fill: {heat}; }
.figure .frame { fill: none; stroke: {line}; stroke-width: 0.5; }
.figure .over { fill: {bg}; }
.figure .dots { fill: currentColor; stroke: none; }
.figure .round { fill: none; stroke: currentColor; stroke-linecap: round; }
.figure .halo { stroke: {bg}; stroke-width: 3; stroke-linejoin: round; fill: {bg}; }
.figure .lasso { fill: {ink}; fill-opacity: 0.04; stroke: {ink}; stroke-width: 0.75; stroke-dasharray: 3 2; }
.figure .type-1 { color: {type-1}; }
.figure .type-2 { color: {type-2}; }
.figure .hist { fill: currentColor; }
"""


@dataclass(frozen=True)
class Label:
    """What a language is called in a figure: code, own name, the script whose fonts it needs, its colour class."""

    code: str
    endonym: str
    script: str
    index: int
    css: str


def labels(languages: Sequence[Language]) -> tuple[Label, ...]:
    """The labels of a run's languages, pivot first."""
    count = len(languages)
    return tuple(
        Label(one.code, one.endonym, one.script, index, colour_class(index, count))
        for index, one in enumerate(languages)
    )


def colour_class(index: int, languages: int) -> str:
    """The class of the index-th of so many languages (0 = pivot); beyond the palette all share one grey."""
    return f"lang-{index}" if 0 <= index <= palette_size(languages) else "lang-other"


def palette_size(languages: int) -> int:
    """Which palette a run with so many languages, the pivot among them, uses."""
    return 7 if languages <= 8 else 9 if languages <= 10 else 11


def palette(languages: int, theme: Theme) -> tuple[str, ...]:
    """The colours of a run's languages, pivot first; those beyond the palette are missing."""
    dark = theme == "dark"
    return (PIVOT[dark], *PALETTES[palette_size(languages)][dark])


def dash(index: int) -> str | None:
    """The dash pattern of the index-th language; the pivot's line is unbroken."""
    return DASHES[index % len(DASHES)]


def page_rules() -> str:
    """The rules with custom properties, as static/figures.css carries them; a test keeps both the same."""
    own = {name: TOKENS[name] for name in ("heat", "type-1", "type-2")}
    tokens = "".join(f"  --{name}: light-dark({light}, {dark});\n" for name, (light, dark) in own.items())
    languages = '.figure [class*="lang-"] { color: var(--lang); }\n'
    return f":root {{\n{tokens}}}\n" + _filled({name: f"var(--{name})" for name in TOKENS}) + languages


def standalone_rules(theme: Theme, languages: int) -> str:
    """The rules with the theme's colours written in, for a file that stands alone."""
    colours = [*enumerate(palette(languages, theme)), ("other", OTHER[theme == "dark"])]
    rules = "".join(f".lang-{index} {{ color: {value}; }}\n" for index, value in colours)
    return _filled({name: colour(name, theme) for name in TOKENS}) + rules


def colour(name: str, theme: Theme) -> str:
    """The hex colour of a token in a theme."""
    return TOKENS[name][theme == "dark"]


def _filled(values: dict[str, str]) -> str:
    return re.sub(r"\{([a-z0-9-]+)\}", lambda found: values[found[1]], _RULES)


FONT = "'Noto Sans', 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

_FONTS = {
    "Arab": "'Noto Sans Arabic', 'Noto Naskh Arabic', 'Geeza Pro', 'Segoe UI', 'DejaVu Sans'",
    "Hebr": "'Noto Sans Hebrew', 'Arial Hebrew', 'Segoe UI', 'DejaVu Sans'",
    "Deva": "'Noto Sans Devanagari', 'Kohinoor Devanagari', 'Nirmala UI', 'Lohit Devanagari'",
    "Beng": "'Noto Sans Bengali', 'Bangla Sangam MN', 'Nirmala UI', 'Lohit Bengali'",
    "Taml": "'Noto Sans Tamil', 'Tamil Sangam MN', 'Nirmala UI', 'Lohit Tamil'",
    "Telu": "'Noto Sans Telugu', 'Telugu Sangam MN', 'Nirmala UI'",
    "Knda": "'Noto Sans Kannada', 'Nirmala UI'",
    "Mlym": "'Noto Sans Malayalam', 'Nirmala UI'",
    "Gujr": "'Noto Sans Gujarati', 'Nirmala UI'",
    "Guru": "'Noto Sans Gurmukhi', 'Nirmala UI'",
    "Sinh": "'Noto Sans Sinhala', 'Nirmala UI'",
    "Thai": "'Noto Sans Thai', 'Thonburi', 'Leelawadee UI'",
    "Laoo": "'Noto Sans Lao', 'Leelawadee UI'",
    "Khmr": "'Noto Sans Khmer', 'Leelawadee UI'",
    "Mymr": "'Noto Sans Myanmar', 'Myanmar Text'",
    "Jpan": "'Noto Sans CJK JP', 'Noto Sans JP', 'Hiragino Sans', 'Yu Gothic'",
    "Kore": "'Noto Sans CJK KR', 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic'",
    "Hans": "'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei'",
    "Hant": "'Noto Sans CJK TC', 'Noto Sans TC', 'PingFang TC', 'Microsoft JhengHei'",
    "Geor": "'Noto Sans Georgian', 'DejaVu Sans'",
    "Armn": "'Noto Sans Armenian', 'DejaVu Sans'",
    "Ethi": "'Noto Sans Ethiopic', 'Nyala'",
    "Tibt": "'Noto Sans Tibetan', 'Microsoft Himalaya'",
}


def fonts(script: str) -> str:
    """Font families that hold a script (ISO 15924), then the figure's own."""
    return f"{_FONTS[script]}, {FONT}" if script in _FONTS else FONT
