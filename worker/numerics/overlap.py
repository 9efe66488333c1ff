"""Sets of neurons of several languages: chosen by score or by entropy, compared, clustered, held against families."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cophenet, leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from worker.numerics.statistics import jaccard_chance

Ids = NDArray[np.int64]  # neurons as layer x neurons per layer + index, ascending
_ROUNDING = 1e-12  # differences of means nearer than this are equal


class Clustering(NamedTuple):
    """Average linkage: merges [K - 1, 4] as scipy gives them, leaves from first to last, cophenetic correlation."""

    merges: Float[np.ndarray, "merge four"]
    order: list[int]
    cophenetic: float


class Kinship(NamedTuple):
    """Mean similarity of pairs within and between families, and how shuffled families compare."""

    within: float
    between: float
    low: float
    high: float
    p: float
    pairs_within: int
    pairs_between: int


def best(scores: Float[np.ndarray, "layers F"], count: int, first: int = 0, stop: int | None = None) -> Ids:
    """The `count` neurons with the highest scores among layers first..stop; ties to the lower id, nan never."""
    layers, width = scores.shape
    flat = np.asarray(scores, dtype=np.float64)[first : layers if stop is None else stop].reshape(-1)
    known = np.flatnonzero(np.isfinite(flat))
    chosen = known[np.lexsort((known, -flat[known]))[:count]]
    return np.sort(first * width + chosen).astype(np.int64)


def lape(
    active: Float[np.ndarray, "K layers F"], share: float = 0.01, quantile: float = 0.95
) -> tuple[list[Ids], float]:
    """Language activation probability entropy (Tang et al. 2024): each language's neurons, and the threshold.

    `active` is the share of sentences (there: tokens) in which a neuron is active. Among neurons that some language
    activates above the `quantile` of all shares, the `share` of all neurons with the lowest entropy over languages are
    kept; each belongs to every language that activates it above that same threshold.
    """
    rates = np.asarray(active, dtype=np.float64).reshape(len(active), -1)
    threshold = float(np.quantile(rates, quantile))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = rates / rates.sum(axis=0)
        entropy = -np.where(parts > 0, parts * np.log(parts), 0.0).sum(axis=0)
    eligible = np.flatnonzero((rates > threshold).any(axis=0))
    kept = eligible[np.lexsort((eligible, entropy[eligible]))[: round(share * rates.shape[1])]]
    return [np.sort(kept[row[kept] > threshold]).astype(np.int64) for row in rates], threshold


def jaccard_matrix(sets: Sequence[Ids]) -> Float[np.ndarray, "K K"]:
    """|both| / |either| of every two sets; 0 where both are empty."""
    sizes = np.array([len(one) for one in sets])
    everyone = np.unique(np.concatenate([*sets, np.zeros(0, np.int64)]))
    member = np.stack([np.isin(everyone, one) for one in sets]).astype(np.float64)
    both = member @ member.T
    either = sizes[:, None] + sizes[None] - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0).astype(np.float32)


def chance_matrix(sizes: Sequence[int], candidates: int) -> Float[np.ndarray, "K K"]:
    """The mean Jaccard index of random sets of these sizes; 1 on the diagonal (0 for an empty set)."""
    found = np.array([[_chance(*sorted((a, b)), candidates) for b in sizes] for a in sizes], dtype=np.float32)
    np.fill_diagonal(found, [float(size > 0) for size in sizes])
    return found


@lru_cache(maxsize=65_536)
def _chance(smaller: int, larger: int, candidates: int) -> float:
    return jaccard_chance(smaller, larger, candidates)


def per_layer(sets: Sequence[Ids], layers: int, width: int) -> list[list[Ids]]:
    """Each layer's part of every set."""
    return [[one[one // width == layer] for one in sets] for layer in range(layers)]


def cluster(similarity: Float[np.ndarray, "K K"]) -> Clustering:
    """Average linkage (UPGMA) of the distances 1 - similarity. Raises ValueError for fewer than two languages."""
    if len(similarity) < 2:
        raise ValueError("A clustering needs two languages.")
    distance = 1 - np.asarray(similarity, dtype=np.float64)
    np.fill_diagonal(distance, 0)
    flat = squareform((distance + distance.T) / 2, checks=False)
    merges = linkage(flat, method="average", optimal_ordering=True)
    varies = len(flat) > 1 and float(np.ptp(flat)) > 0
    kept = float(cophenet(merges, flat)[0]) if varies else float("nan")
    return Clustering(merges, [int(leaf) for leaf in leaves_list(merges)], kept)


def kinship_test(
    similarity: Float[np.ndarray, "K K"], family: Int[np.ndarray, " K"], permutations: int, seed: int
) -> Kinship:
    """Are languages of one family more alike than others? The families are shuffled over the languages for chance.

    Negative families are nobody's: those languages are related to none. nan where there is no pair of a kind.
    """
    rows, columns = np.triu_indices(len(similarity), 1)
    values = np.asarray(similarity, dtype=np.float64)[rows, columns]

    def split(labels: NDArray[np.int64]) -> tuple[float, float, int]:
        same = (labels[rows] == labels[columns]) & (labels[rows] >= 0)
        inside, outside = values[same], values[~same]
        within = float(inside.mean()) if len(inside) else float("nan")
        return within, float(outside.mean()) if len(outside) else float("nan"), len(inside)

    within, between, pairs = split(np.asarray(family))
    real = within - between
    if not np.isfinite(real):
        return Kinship(within, between, np.nan, np.nan, np.nan, pairs, len(values) - pairs)
    generator = np.random.default_rng(seed)
    shuffled = np.array([split(generator.permutation(family)) for _ in range(permutations)])
    differences = shuffled[:, 0] - shuffled[:, 1]
    low, high = np.quantile(differences, (0.025, 0.975))
    p = (int((differences >= real - _ROUNDING).sum()) + 1) / (permutations + 1)
    return Kinship(within, between, float(low), float(high), p, pairs, len(values) - pairs)


def rank_correlation(similarity: Float[np.ndarray, "K K"], related: Float[np.ndarray, "K K"]) -> float:
    """Spearman's correlation over all pairs; nan if one side is constant or there are fewer than three pairs."""
    rows, columns = np.triu_indices(len(similarity), 1)
    one, other = similarity[rows, columns], related[rows, columns]
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(one, other).statistic)


def detector_overlap(
    chosen: Mapping[str, Sequence[Ids]], candidates: Mapping[str, tuple[int, int]], width: int
) -> tuple[Float[np.ndarray, "K D D"], Float[np.ndarray, "K D D"]]:
    """Jaccard index of every two detectors' sets of each language, and what chance gives.

    `candidates` are the layers (first, stop) each detector chooses from; random sets then meet in the common layers.
    """
    names = list(chosen)
    languages = len(next(iter(chosen.values())))
    found = np.stack([jaccard_matrix([chosen[name][k] for name in names]) for k in range(languages)])
    chance = np.ones_like(found)
    for k in range(languages):
        for i, one in enumerate(names):
            for j, other in enumerate(names):
                if i != j:
                    chance[k, i, j] = _apart_chance(
                        len(chosen[one][k]), len(chosen[other][k]), candidates[one], candidates[other], width
                    )
    return found, chance


def _apart_chance(first: int, second: int, one: tuple[int, int], other: tuple[int, int], width: int) -> float:
    """E|both| / (sizes - E|both|) of random sets from two ranges of layers: the ratio of means, near the mean ratio."""
    common = max(0, min(one[1], other[1]) - max(one[0], other[0])) * width
    whole = (one[1] - one[0]) * (other[1] - other[0]) * width * width
    both = first * second * common / whole if whole else 0.0
    return both / (first + second - both) if first + second else 0.0
