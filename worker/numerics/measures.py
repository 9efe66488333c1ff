"""Rates of marks and means per token, with bootstrap intervals."""

import torch
from jaxtyping import Float
from torch import Tensor

from worker.numerics.intervals import bootstrap_ratio

Measure = tuple[float, float, float, int]  # value, 2.5 % and 97.5 % quantile (nan where there is none), units


def rate(marks: Float[Tensor, "draw prompt"], seed: int) -> Measure | None:
    """Share of marks that are 1 among those that are not nan; units of the bootstrap are prompts, with all their draws.

    Prompts without any mark do not count; None if no prompt has one.
    """
    known = ~marks.isnan()
    counted = known.any(dim=0)
    if not bool(counted.any()):
        return None
    sums = torch.where(known, marks, 0.0).sum(dim=0)[counted]
    value, low, high = bootstrap_ratio(sums, known.sum(dim=0)[counted], seed)
    return value, low, high, int(counted.sum())


def mean_per_token(sums: Float[Tensor, "draw sentence"], tokens: Float[Tensor, "sentence"], seed: int) -> Measure:
    """Mean over draws of the sums, per token; units of the bootstrap are sentences, with all their draws."""
    value, low, high = bootstrap_ratio(sums.double().mean(dim=0), tokens, seed)
    return value, low, high, len(tokens)
