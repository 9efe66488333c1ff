"""What neurons do by language: running sums of activations, the correlation ratio, histograms, overlap of sets."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

# A sum of squares about the mean below this share of the sum of squares is float64 rounding: the neuron is constant.
_CONSTANT = 1e-12


@dataclass(frozen=True)
class ActivationSums:
    """Sums of a layer's activations over sentences, in float64; sums of shards add up to those of the whole.

    One entry a neuron: their total, the sum of their squares, and the number of sentences in which they are above 0.
    """

    n: int
    total: Float64[Tensor, " neuron"]
    squares: Float64[Tensor, " neuron"]
    positive: Float64[Tensor, " neuron"]

    @classmethod
    def of(cls, activations: Float[Tensor, "sentence neuron"]) -> "ActivationSums":
        """The sums over the sentences of one shard."""
        exact = activations.double()
        positive = (activations > 0).sum(dim=0).double()
        return cls(activations.shape[0], exact.sum(dim=0), exact.square().sum(dim=0), positive)

    def __add__(self, other: "ActivationSums") -> "ActivationSums":
        return ActivationSums(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.positive + other.positive,
        )

    @property
    def mean(self) -> Float64[Tensor, " neuron"]:
        """Mean activation; nan without sentences."""
        return self.total / self.n if self.n else torch.full_like(self.total, torch.nan)

    @property
    def sd(self) -> Float64[Tensor, " neuron"]:
        """Standard deviation over the sentences (divided by n); nan without sentences."""
        return (self.scatter / self.n).sqrt() if self.n else torch.full_like(self.total, torch.nan)

    @property
    def positive_share(self) -> Float64[Tensor, " neuron"]:
        """Share of the sentences with an activation above 0; nan without sentences."""
        return self.positive / self.n if self.n else torch.full_like(self.total, torch.nan)

    @property
    def scatter(self) -> Float64[Tensor, " neuron"]:
        """Sum of squared deviations from the mean; exactly 0 for a neuron that never varies."""
        about_mean = self.squares - self.total.square() / max(self.n, 1)
        return torch.where(about_mean > _CONSTANT * self.squares, about_mean, 0.0)


def eta_squared(sums_by_group: Mapping[str, ActivationSums], own: Collection[str]) -> Float64[Tensor, " neuron"]:
    """The share of a neuron's variance that the grouping `own` against the rest explains (correlation ratio), 0 to 1.

    n1 n0 / N (m1 - m0)^2 / SS, from sums alone, for any set of languages: a language, a family, a script. A neuron that
    never varies separates nothing: 0. Raises ValueError unless both sides have sentences.
    """
    mine = [sums for group, sums in sums_by_group.items() if group in own and sums.n]
    others = [sums for group, sums in sums_by_group.items() if group not in own and sums.n]
    if not mine or not others:
        raise ValueError(f"Eta squared compares two sides; {', '.join(own) or 'no language'} leaves one of them empty.")
    first, second = sum(mine[1:], mine[0]), sum(others[1:], others[0])
    both = first + second
    between = first.n * second.n / both.n * (first.mean - second.mean).square()
    scatter = both.scatter
    return torch.where(scatter > 0, between / scatter, 0.0).clamp(max=1.0)


def histogram(
    activations: Float[Tensor, "sentence neuron"],
    low: Float[Tensor, " neuron"],
    high: Float[Tensor, " neuron"],
    bins: int,
) -> Int64[Tensor, "neuron bins"]:
    """Counts of each neuron's activations in `bins` equal bins from low to high.

    A bin holds its lower edge, the last one its upper edge too; what lies outside counts in the nearest bin, so that a
    neuron's counts add up to the sentences. With low = high everything is in the first bin.
    """
    neurons = activations.shape[1]
    width = torch.where(high > low, high - low, torch.inf)
    place = ((activations - low) / width * bins).long().clamp_(0, bins - 1)
    place += torch.arange(neurons, device=place.device) * bins
    return torch.bincount(place.flatten(), minlength=neurons * bins).view(neurons, bins)


def jaccard(first: Collection[Hashable], second: Collection[Hashable]) -> float:
    """The overlap of two sets, |both| / |either|; 0 if both are empty."""
    one, two = set(first), set(second)
    return len(one & two) / len(one | two) if one | two else 0.0


def jaccard_chance(first_size: int, second_size: int, candidates: int) -> float:
    """The mean Jaccard index of two random sets of these sizes among so many candidates (exact: hypergeometric).

    Raises ValueError if a set is larger than the candidates.
    """
    if max(first_size, second_size) > candidates:
        raise ValueError(f"A set of {max(first_size, second_size)} does not fit into {candidates} candidates.")
    if first_size + second_size == 0:
        return 0.0
    fewest = max(0, first_size + second_size - candidates)
    shared = torch.arange(fewest, min(first_size, second_size) + 1, dtype=torch.float64)
    log_chance = _log_choose(torch.tensor(float(first_size)), shared) + _log_choose(
        torch.tensor(float(candidates - first_size)), second_size - shared
    )
    return float(torch.softmax(log_chance, dim=0) @ (shared / (first_size + second_size - shared)))


def _log_choose(size: Tensor, chosen: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
    size = size.double()
    return torch.lgamma(size + 1) - torch.lgamma(chosen + 1) - torch.lgamma(size - chosen + 1)
