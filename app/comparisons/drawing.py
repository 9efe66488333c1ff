"""The figures of a comparison: strips a bar a token, and the share of each language level by level."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from app.contracts.comparisons import ForcedPosition, LensRow, Role
from app.figures.figure import Table, inline
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.scale import significant
from app.figures.style import Label, colour_class
from app.figures.svg import element, line
from app.text.languages import language
from app.text.normalise import visible

STRIP_WIDTH, STRIP_HEIGHT = 600.0, 44.0
LEAST_KL = 1e-4  # nats; below it a bar has no height

Kind = Literal["kl", "entropy"]


def strip(positions: Sequence[ForcedPosition], kind: Kind, most_kl: float) -> Markup:
    """A bar a token of the normal text: KL on a logarithmic scale that both changed runs share, or normal's entropy."""
    values = [position.kl if kind == "kl" else position.entropy for position in positions]
    most = max(most_kl, LEAST_KL * 10) if kind == "kl" else max([*values, 1e-9])
    width = STRIP_WIDTH / max(len(values), 1)
    bars = []
    for place, (position, value) in enumerate(zip(positions, values, strict=True)):
        height = (STRIP_HEIGHT - 2) * _share(value, most, kind)
        title = element("title", f"token {place} “{shown(position.piece)}”: {significant(value)} nats")
        bar = element("rect", x=place * width, y=STRIP_HEIGHT - height, width=max(width - width * 0.15, 0.5),
                      height=height, class_="hist")  # fmt: skip
        room = element("rect", x=place * width, y=0, width=width, height=STRIP_HEIGHT, class_="room")
        bars.append(element("g", title, room, bar, data_token=place))
    highest = max(range(len(values)), key=values.__getitem__) if values else 0
    name = "KL divergence" if kind == "kl" else "Entropy"
    said = f"{name} by token of the normal text; largest {significant(values[highest])} nats at token {highest}."
    axis = line(0, STRIP_HEIGHT, STRIP_WIDTH, STRIP_HEIGHT, class_="axis", vector_effect="non-scaling-stroke")
    return element(
        "svg", *bars, axis,
        class_=f"figure tokens {kind}", viewBox=f"0 0 {STRIP_WIDTH:g} {STRIP_HEIGHT:g}", preserveAspectRatio="none",
        role="img", aria_label=said,
    )  # fmt: skip


def shown(text: str) -> str:
    """A text whose hidden characters are marks, for where markup cannot be."""
    return "".join(segment.text for segment in visible(text))


def _share(value: float, most: float, kind: Kind) -> float:
    """How high a bar is, 0 to 1."""
    if kind == "entropy":
        return max(value, 0.0) / most
    if value <= LEAST_KL:
        return 0.0
    return math.log(value / LEAST_KL) / math.log(most / LEAST_KL)


def chance(logprob: float) -> Markup:
    """A bar as long as the probability."""
    share = math.exp(min(logprob, 0.0))
    bar = element("rect", x=0, y=0, width=100 * share, height=8, class_="hist")
    return element("svg", bar, class_="chance", viewBox="0 0 100 8", preserveAspectRatio="none", aria_hidden="true")


@dataclass(frozen=True, slots=True)
class LensPanel:
    """The logit lens of one role: its drawing and the numbers behind it."""

    role: Role
    title: str
    figure: Markup
    table: Table


def lens_panels(rows: Sequence[LensRow], titles: Mapping[Role, str], target: str | None) -> tuple[LensPanel, ...]:
    """A panel a role on one vertical scale; the target language drawn strongly, the others lightly."""
    top = max((share for row in rows for shares in row.shares for share in shares), default=1.0)
    return tuple(_lens(row, titles[row.role], target, min(1.0, top * 1.08)) for row in rows)


def lens_label(code: str, index: int, count: int) -> Label:
    """A language of the lens; `none` are the tokens of no one language."""
    if code == "none":
        return Label("none", "no one language", "Zyyy", index, "lang-other")
    known = language(code)
    return Label(code, known.endonym, known.script, index, colour_class(index, count))


def _lens(row: LensRow, title: str, target: str | None, top: float) -> LensPanel:
    count = len(row.languages)
    series = [
        Series(lens_label(code, index, count), [shares[index] for shares in row.shares],
               faint=target is not None and code != target and target in row.languages and code == "none")
        for index, code in enumerate(row.languages)
    ]  # fmt: skip
    axes = LineAxes(title=title, limits=(0.0, top), width=340.0, height=200.0)
    panel = line_panel(series, axes)
    header = ("level", *row.languages, "entropy")
    cells = tuple(
        (level, *shares, row.entropy[level] if level < len(row.entropy) else None)
        for level, shares in enumerate(row.shares)
    )
    return LensPanel(row.role, title, inline(panel), Table(header, cells))
