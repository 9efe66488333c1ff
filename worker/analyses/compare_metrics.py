"""The table of a comparison: each measure for normal, ablated and controls, with intervals over draws and samples."""

from collections.abc import Sequence

from app.contracts.comparisons import Metric, Output, Rate, Role
from worker.analyses.compare_reading import Read
from worker.numerics import few

ROLES: tuple[Role, ...] = ("normal", "ablated", "control")


def metrics_of(outputs: Sequence[Output], reads: Sequence[Read], target: str | None) -> tuple[Metric, ...]:
    """Every measure that this comparison has; without a target no language rate, without forced text no KL."""
    found: list[Metric] = []
    if target is not None:
        told = {role: [one.verdict.in_target for one in of_role(outputs, role)] for role in ROLES}
        found.append(_metric("target_rate", f"Answers in {target}", {role: _share(told[role]) for role in ROLES}))
    if reads:
        found += [
            _of_reads("kl", "KL to normal, same text (nats a token)", reads, without=("normal",)),
            _of_reads("perplexity", "Perplexity of the normal text", reads),
            _of_reads("entropy", "Entropy of the next token, same text (nats)", reads),
        ]
    alike = {role: [_alike(one) for one in of_role(outputs, role)] for role in ROLES[1:]}
    found.append(_metric("alike", "Tokens before the first difference", {role: _mean(alike[role]) for role in alike}))
    length = {role: [float(len(one.tokens)) for one in of_role(outputs, role)] for role in ROLES}
    found.append(_metric("length", "Tokens written", {role: _mean(length[role]) for role in ROLES}))
    return tuple(metric for metric in found if metric.normal or metric.ablated or metric.control)


def of_role(outputs: Sequence[Output], role: Role) -> list[Output]:
    """The outputs of a role."""
    return [one for one in outputs if one.role == role]


def diverges(tokens: Sequence[int], normal: Sequence[int], *, cut: bool) -> int | None:
    """The first place where two texts differ; None if they are the same, or `cut` before they could differ."""
    pairs = zip(tokens, normal, strict=False)
    first = next((i for i, (one, other) in enumerate(pairs) if one != other), None)
    if first is None and len(tokens) != len(normal) and not cut:
        return min(len(tokens), len(normal))
    return first


def _alike(one: Output) -> float:
    if one.diverges is not None:
        return float(one.diverges)
    return float(len(one.tokens))


def _metric(name: str, title: str, by_role: dict[Role, Rate | None]) -> Metric:
    return Metric(name=name, title=title, **{role: by_role.get(role) for role in ROLES})


def _of_reads(name: str, title: str, reads: Sequence[Read], without: Sequence[Role] = ()) -> Metric:
    values = {
        role: [float(getattr(read, name)) for read in reads if read.subject.role == role]
        for role in ROLES
        if role not in without
    }
    return _metric(name, title, {role: _mean(found) for role, found in values.items()})


def _share(told: Sequence[bool | None]) -> Rate | None:
    known = [one for one in told if one is not None]
    if not known:
        return None
    value, low, high = few.share(sum(known), len(known))
    return Rate(value=value, low=low, high=high, n=len(known)) if len(known) > 1 else Rate(value=value, n=1)


def _mean(values: Sequence[float]) -> Rate | None:
    if not values:
        return None
    if len(values) == 1:
        return Rate(value=values[0], n=1)
    value, low, high = few.mean(values)
    return Rate(value=value, low=low, high=high, n=len(values))
