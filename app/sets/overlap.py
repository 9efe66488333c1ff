"""How much two sets of neurons have in common, beside what chance would give."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
_STEPS = 80  # of a bisection: far below the last bit that a figure shows


@dataclass(frozen=True, slots=True)
class Law:
    """The probabilities of `low`, `low + 1`, ...: natural logarithms [n]."""

    low: int
    logs: Floats

    @property
    def values(self) -> Counts:
        """The values that have a probability [n]."""
        return np.arange(self.low, self.low + len(self.logs), dtype=np.int64)

    def mean(self) -> float:
        """The expected value."""
        return float(np.exp(self.logs) @ self.values)

    def log_tail(self, least: int) -> float:
        """Natural logarithm of the probability of `least` or more."""
        inside = self.logs[max(least - self.low, 0) :]
        return min(log_sum(inside), 0.0) if len(inside) else -math.inf


@dataclass(frozen=True, slots=True)
class Chance:
    """What two random sets of the same sizes have in common.

    Expected neurons, expected Jaccard index, and log10 of the probability of sharing as many as observed, or more.
    """

    shared: float
    jaccard: float
    log10_p: float


def jaccard(both: int, left: int, right: int) -> float:
    """|A ∩ B| / |A ∪ B| from the three sizes; 0 for two empty sets."""
    union = left + right - both
    return both / union if union else 0.0


def log_sum(logs: Floats) -> float:
    """The logarithm of Σ exp(logs), without overflow."""
    most = float(logs.max())
    return most + math.log(float(np.exp(logs - most).sum())) if math.isfinite(most) else most


def hypergeometric(population: int, left: int, right: int) -> Law:
    """The law of |A ∩ B| for a random A of `left` and B of `right` neurons among `population`.

    P(k) = C(left, k) C(population − left, right − k) / C(population, right). Neighbours differ by the factor
    (left − k)(right − k) / ((k + 1)(population − left − right + k + 1)); their logarithms are summed up and the whole
    is divided by its sum, so that no factorial is ever formed. Raises ValueError for sets beyond the population.
    """
    if not 0 <= min(left, right) <= max(left, right) <= population:
        raise ValueError(f"There are no sets of {left} and {right} among {population}.")
    low, high = max(0, left + right - population), min(left, right)
    k = np.arange(low, high, dtype=np.float64)
    steps = np.log((left - k) * (right - k)) - np.log((k + 1) * (population - left - right + k + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    return Law(low, logs - log_sum(logs))


def chance(population: Counts, left: Counts, right: Counts, both: int) -> Chance:
    """What chance gives where set A has `left` [s] and B `right` [s] of the `population` [s] neurons of each stratum.

    With one stratum, A and B are any neurons of the population; with a stratum a layer, random sets keep the observed
    number of neurons in every layer. The number in common is then a sum of independent hypergeometric numbers X, and
    the expected Jaccard index is E[X / (|A| + |B| − X)] — for one stratum close to E[X] / (|A| + |B| − E[X]) with
    E[X] = |A| |B| / population. `both` is the observed number in common.
    """
    laws = [hypergeometric(*map(int, sizes)) for sizes in zip(population, left, right, strict=True) if min(sizes[1:])]
    together = _sum(laws)
    sizes = int(left.sum() + right.sum())
    unions = sizes - together.values
    share = np.divide(together.values, unions, out=np.zeros(len(unions)), where=unions > 0)
    return Chance(
        shared=together.mean(),
        jaccard=float(np.exp(together.logs) @ share),
        log10_p=min(_log_tail(laws, both), 0.0) / math.log(10),
    )


def _log_tail(laws: list[Law], least: int) -> float:
    """The logarithm of P(sum of independent numbers >= least), precise however small it is.

    The laws are tilted by exp(θ k) until the mean of the sum is `least`: then the convolution's terms around it are
    large, and the tilt is taken out of the logarithms again.
    """
    if len(laws) == 1:
        return laws[0].log_tail(least)
    if least > sum(law.low + len(law.logs) - 1 for law in laws):
        return -math.inf
    low, high = 0.0, 64.0
    for _ in range(_STEPS if sum(law.mean() for law in laws) < least else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(_tilted(law, middle).mean() for law in laws) < least else (low, middle)
    tilt = low
    scale = sum(log_sum(law.logs + tilt * law.values) for law in laws)
    tilted = _sum([_tilted(law, tilt) for law in laws])
    back = Law(tilted.low, tilted.logs - tilt * tilted.values + scale)
    return back.log_tail(least)


def _tilted(law: Law, tilt: float) -> Law:
    logs = law.logs + tilt * law.values
    return Law(law.low, logs - log_sum(logs))


def _sum(laws: list[Law]) -> Law:
    """The law of the sum of independent numbers, by Fourier transform: exact to 1e-16 of the largest probability."""
    if not laws:
        return Law(0, np.zeros(1))
    if len(laws) == 1:
        return laws[0]
    length = sum(len(law.logs) - 1 for law in laws) + 1
    product = np.ones(length // 2 + 1, np.complex128)
    for law in laws:
        product *= np.fft.rfft(np.exp(law.logs), length)
    found = np.clip(np.fft.irfft(product, length), 0.0, None)
    with np.errstate(divide="ignore"):
        return Law(sum(law.low for law in laws), np.log(found / found.sum()))
