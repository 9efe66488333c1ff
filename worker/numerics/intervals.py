"""Bootstrap intervals of means and ratios of sums over sentences."""

import torch
from jaxtyping import Float
from torch import Tensor

_BLOCK = 256  # resamples at a time, so that memory does not grow with their number


def bootstrap_ratio(
    sums: Float[Tensor, "unit"], weights: Float[Tensor, "unit"], seed: int, resamples: int = 2000
) -> tuple[float, float, float]:
    """Sum over sum, with the 2.5 % and 97.5 % quantiles when the units are drawn anew (Efron 1979, percentile method).

    With weights 1 it is the mean; with sums of log-likelihoods and numbers of tokens the mean per token. One unit has
    no interval: its bounds are nan.
    """
    sums, weights = sums.double(), weights.double()
    value = float(sums.sum() / weights.sum())
    if len(sums) < 2:
        return value, float("nan"), float("nan")
    generator = torch.Generator().manual_seed(seed)
    found = []
    for start in range(0, resamples, _BLOCK):
        shape = (min(_BLOCK, resamples - start), len(sums))
        drawn = torch.randint(len(sums), shape, generator=generator)
        found.append(sums[drawn].sum(dim=1) / weights[drawn].sum(dim=1))
    bounds = torch.quantile(torch.cat(found), torch.tensor([0.025, 0.975], dtype=torch.float64))
    return value, float(bounds[0]), float(bounds[1])
