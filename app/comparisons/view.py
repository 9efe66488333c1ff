"""A finished comparison prepared for its template: columns, marks, switches, and the numbers of one token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from app.comparisons import drawing
from app.comparisons.cells import Cell, cells
from app.comparisons.differences import Unit, divergence, only_in_first
from app.contracts.comparisons import CompareResult, Forced, ForcedPosition, LensRow, Metric, Output, Role

ROLES: tuple[Role, ...] = ("normal", "ablated", "control")
TITLES: dict[Role, str] = {"normal": "Normal", "ablated": "Ablated", "control": "Random control"}
STOPS = {
    "end": "ended by itself",
    "length": "cut at the length asked for",
    "context": "cut at the end of the context",
    "stopped": "stopped",
}


class ResultQuery(BaseModel):
    """What the address of a comparison says; unknown keys are ignored, defaults left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    diff: Unit = Field("off", description="Mark what two texts do not share: off, by words, by graphemes.")
    token: int | None = Field(None, ge=0, description="The token that is looked at, from 0.")
    sample: int = Field(0, ge=0, description="Which of several sampled answers is shown.")
    leave: Literal["", "stop"] = Field("", description="While it runs: stop it when this page is left.")


@dataclass(frozen=True, slots=True)
class Column:
    """One text beside the others; tokens below `comparable` stand at the same place of the same text as normal's."""

    role: Role
    title: str
    output: Output
    cells: list[Cell]
    diverges: int | None
    comparable: int
    strip: Markup | None


@dataclass(frozen=True, slots=True)
class Token:
    """One position of the normal text with what each model expected there."""

    place: int
    last: int
    normal: ForcedPosition
    changed: tuple[tuple[Role, ForcedPosition], ...]


@dataclass(frozen=True, slots=True)
class ResultView:
    """All that the template shows beside the result itself."""

    columns: tuple[Column, ...]
    draws: tuple[Column, ...]
    samples: int
    sample: int
    token: Token | None
    tokens: int
    reached: int
    asked: int
    identical: bool
    largest_kl: float | None
    lens: tuple[drawing.LensPanel, ...]
    table: tuple["MetricLine", ...]


@dataclass(frozen=True, slots=True)
class MetricLine:
    """A measure and whether the ablated value lies outside the interval of the controls."""

    metric: Metric
    beyond: bool


def result_view(result: CompareResult, query: ResultQuery) -> ResultView:
    """Prepare the page of a finished comparison; a sample that is not there is the first, a token none."""
    samples = 1 + max((output.sample for output in result.outputs), default=0)
    sample = query.sample if query.sample < samples else 0
    own = [output for output in result.outputs if output.sample == sample]
    forced = {one.role: one for one in result.forced} if sample == 0 else {}
    first = [output for output in own if output.draw == 0]
    shown = sorted(first, key=lambda output: ROLES.index(output.role))
    edits = [output.edit for output in own if output.role == "ablated" and output.edit]
    normal, ablated = _of(result, "normal"), _of(result, "ablated")
    return ResultView(
        columns=tuple(_column(output, own, forced, query.diff) for output in shown),
        draws=tuple(
            _column(output, own, {}, query.diff) for output in own if output.role == "control" and output.draw > 0
        ),
        samples=samples,
        sample=sample,
        token=token_view(forced, query.token),
        tokens=max((len(one.positions) for one in forced.values()), default=0),
        reached=max((edit.reached for edit in edits), default=0),
        asked=max((edit.asked for edit in edits), default=0),
        identical=bool(normal) and normal == ablated,
        largest_kl=_largest_kl(forced.get("ablated")),
        lens=drawing.lens_panels(_lens(result), TITLES, result.target),
        table=tuple(MetricLine(metric, beyond_control(metric)) for metric in result.metrics),
    )


def forced_of(result: Mapping[str, Any] | None) -> dict[Role, Forced]:
    """What is measured on the same forced text, by role; of the stored answer only this is read."""
    return {one.role: one for one in map(Forced.model_validate, (result or {}).get("forced", ()))}


def token_view(forced: dict[Role, Forced], place: int | None) -> Token | None:
    """What each model expected at that position; None if there is no such position."""
    if place is None or not forced:
        return None
    longest = min(len(one.positions) for one in forced.values())
    if place >= longest:
        return None
    changed = tuple((role, forced[role].positions[place]) for role in ROLES if role in forced)
    return Token(place, longest - 1, changed[0][1], changed)


def beyond_control(metric: Metric) -> bool:
    """Whether the ablated value lies outside what the controls' interval covers."""
    ablated, control = metric.ablated, metric.control
    if ablated is None or control is None or control.low is None or control.high is None:
        return False
    return not control.low <= ablated.value <= control.high


def _of(result: CompareResult, role: Role) -> list[tuple[int, ...]]:
    return [output.tokens for output in result.outputs if output.role == role and output.draw == 0]


def _column(output: Output, own: list[Output], forced: dict[Role, Forced], unit: Unit) -> Column:
    """The column of one output, marked against the normal text, the normal one against the ablated."""
    against = "ablated" if output.role == "normal" else "normal"
    other = next((one for one in own if one.role == against and one.draw == 0), None)
    flags: list[bool] = []
    if other is not None and unit != "off":
        flags = only_in_first("".join(output.pieces), "".join(other.pieces), unit)
    diverges = output.diverges
    if diverges is None and output.role != "normal" and other is not None:
        diverges = divergence(output.tokens, other.tokens)
    measured = forced.get("ablated" if output.role == "normal" else output.role)
    positions = measured.positions if measured else ()
    strip = None
    if positions:
        kind: Literal["entropy", "kl"] = "entropy" if output.role == "normal" else "kl"
        strip = drawing.strip(positions, kind, _most_kl(forced))
    reach = len(positions) if diverges is None else min(diverges + 1, len(positions))
    return Column(output.role, TITLES[output.role], output, cells(output.pieces, flags), diverges, reach, strip)


def _most_kl(forced: dict[Role, Forced]) -> float:
    return max((position.kl for one in forced.values() for position in one.positions), default=0.0)


def _largest_kl(forced: Forced | None) -> float | None:
    return None if forced is None else max((position.kl for position in forced.positions), default=None)


def _lens(result: CompareResult) -> list[LensRow]:
    return sorted(result.lens, key=lambda row: ROLES.index(row.role))
