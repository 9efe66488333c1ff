"""The same questions under two conditions: exact McNemar test, and bootstrap intervals of paired differences."""

import torch
from jaxtyping import Float
from scipy.stats import binomtest
from torch import Tensor

_BLOCK = 250  # resamples at a time


def mcnemar(first: Float[Tensor, "n"], second: Float[Tensor, "n"]) -> float:
    """Exact two-sided p of McNemar (1947) for two binary outcomes of the same questions; 1 if none differs.

    With b questions right only in the first and c only in the second: p = P(|X - (b + c)/2| >= |b - c|/2) where
    X ~ Binomial(b + c, 1/2).
    """
    only_first, only_second = int(((first == 1) & (second == 0)).sum()), int(((first == 0) & (second == 1)).sum())
    differing = only_first + only_second
    return float(binomtest(min(only_first, only_second), differing).pvalue) if differing else 1.0


def bootstrap_difference(
    first: Float[Tensor, "k n"], second: Float[Tensor, "m n"], seed: int, resamples: int = 2000
) -> tuple[float, float, float]:
    """mean(first) - mean(second) with its 95 % percentile interval (Efron 1979); the same questions on both sides.

    Each resample draws n questions, the same for both, and k and m rows (draws of random neurons) of each side. Zeros
    as `second` give the interval of a mean. One question has no interval: its bounds are nan.
    """
    first, second = first.double(), second.double()
    value, size = float(first.mean() - second.mean()), first.shape[1]
    if size < 2:
        return value, float("nan"), float("nan")
    generator = torch.Generator().manual_seed(seed)
    found = []
    for start in range(0, resamples, _BLOCK):
        count = min(_BLOCK, resamples - start)
        questions = torch.randint(size, (count, size), generator=generator)
        found.append(_drawn(first, questions, generator) - _drawn(second, questions, generator))
    low, high = torch.quantile(torch.cat(found), torch.tensor([0.025, 0.975], dtype=torch.float64))
    return value, float(low), float(high)


def _drawn(values: Float[Tensor, "k n"], questions: Tensor, generator: torch.Generator) -> Float[Tensor, "resample"]:
    """Mean over the drawn questions and over as many rows, drawn with replacement, as there are."""
    rows = len(values)
    if rows == 1:
        return values[0][questions].mean(dim=1)
    chosen = torch.randint(rows, (len(questions), rows), generator=generator)
    weights = torch.zeros(len(questions), rows, dtype=torch.float64).scatter_add_(
        1, chosen, torch.full(chosen.shape, 1 / rows, dtype=torch.float64)
    )
    return (values[:, questions].mean(dim=2) * weights.T).sum(dim=0)
