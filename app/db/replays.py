"""The same question asked again, and whether the answer is the same."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.tables import Experiment

TOLERANCE = 1e-3  # relative; other hardware or another batch adds up in another order
SMALLEST = 1e-5
# What says how long something took or where, not what came out.
_ASIDE = frozenset({"seconds", "tokens_per_second", "provenance", "experiment_id"})


@dataclass(frozen=True)
class Replay:
    """Another experiment that asked the same, and the first place where its answer differs; None where none does."""

    row: Experiment
    difference: str | None
    largest: float

    @property
    def matches(self) -> bool:
        """Whether both answers are the same."""
        return self.difference is None


def replays_of(session: Session, row: Experiment) -> list[Replay]:
    """Every other finished experiment that asked the same of the same model and run, oldest first, with verdicts."""
    if row.result is None:
        return []
    query = select(Experiment.id, Experiment.spec).where(
        Experiment.kind == row.kind, Experiment.model_id == row.model_id,
        Experiment.run_id.is_not_distinct_from(row.run_id), Experiment.id != row.id, Experiment.status == "complete",
    )  # fmt: skip
    asked = _question(row.spec)
    # Answers are large: only those to the same question are read.
    same = [key for key, spec in session.execute(query) if _question(spec) == asked]
    others = select(Experiment).where(Experiment.id.in_(same)).order_by(Experiment.created, Experiment.id)
    return [Replay(other, *verify(row.result, other.result)) for other in session.scalars(others) if other.result]


def _question(spec: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in spec.items() if name not in _ASIDE}


def verify(first: Mapping[str, object], second: Mapping[str, object]) -> tuple[str | None, float]:
    """The first difference in words (tokens and texts before numbers), and the largest relative one of numbers."""
    numbers: list[str] = []
    largest = 0.0
    for place, one, other in _leaves("", first, second):
        if isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
            apart = abs(one - other) / max(abs(one), abs(other), SMALLEST / TOLERANCE)
            largest = max(largest, apart)
            if apart > TOLERANCE and not (math.isnan(one) and math.isnan(other)):
                numbers.append(f"{place}: {one:.6g}, then {other:.6g}")
        elif one != other:
            return f"{place}: {_shown(one)}, then {_shown(other)}", largest
    return (numbers[0] if numbers else None), largest


def _leaves(place: str, one: object, other: object) -> Iterator[tuple[str, object, object]]:
    """Every pair of single values in the order of the first; a list of another length is one itself."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in one:
            if name not in _ASIDE:
                yield from _leaves(f"{place} {name}".strip(), one[name], other.get(name))
    elif isinstance(one, list) and isinstance(other, list):
        for number, (here, there) in enumerate(zip(one, other, strict=False)):
            yield from _leaves(f"{place} {number}".strip(), here, there)
        if len(one) != len(other):
            yield f"{place} length", len(one), len(other)
    else:
        yield place, float(one) if isinstance(one, int) and _measured(one, other) else one, other


def _measured(one: object, other: object) -> bool:
    """Whether either is a number with a fraction: such are compared with a tolerance, counts and ids exactly."""
    return any(isinstance(value, float) for value in (one, other)) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other)
    )


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
