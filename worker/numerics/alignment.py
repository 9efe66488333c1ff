"""How the languages lie to each other at one level: centroids, translations, neighbours, dimension."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor
from torch.nn.functional import normalize

from worker.numerics.centroids import centroid, fold_of

_BLOCK_ENTRIES = 2**23  # similarities held at a time, 32 MiB of float32: never sentences x sentences

_ROUNDING = 1e-24  # a variance below this share of the mean square is what float64 leaves of equal states


class PivotDistance(NamedTuple):
    """Of each language's centroid to the pivot's."""

    cosine: Float[Tensor, " language"]
    relative: Float[Tensor, " language"]  # |C - C_pivot| over the mean length of the two; nan if both are zero


class PairSimilarity(NamedTuple):
    """Mean cosines of translations and of sentences with different meaning, and parallel - nonparallel."""

    parallel: float
    nonparallel: float
    gap: float


class Retrieval(NamedTuple):
    """The share of sentences whose own translation is strictly nearer than every other sentence."""

    to_pivot: float  # a sentence of the language looks for its pivot sentence
    from_pivot: float


def centroid_cosine(centroids: Float[Tensor, "language d_model"]) -> Float[Tensor, "language language"]:
    """The cosine of every two languages' centroids; 0 where one of them is zero."""
    unit = normalize(centroids.double(), dim=1)
    return (unit @ unit.T).clamp_(-1, 1).float()


def pivot_distance(centroids: Float[Tensor, "language d_model"], pivot: int = 0) -> PivotDistance:
    """How far each language's centroid is from the pivot's, in direction and relative to their size."""
    exact = centroids.double()
    lengths = exact.norm(dim=1)
    relative = (exact - exact[pivot]).norm(dim=1) / ((lengths + lengths[pivot]) / 2)
    return PivotDistance(centroid_cosine(centroids)[pivot], relative.float())


def pair_similarity(
    pivot: Float[Tensor, "pair d_model"], language: Float[Tensor, "pair d_model"], *, centred: bool = False
) -> PairSimilarity:
    """Are translations (equal rows) more alike than other sentences of the same two languages?

    The non-parallel mean is over all pairs of different rows, which costs no more than a single shuffle of them and has
    no chance in it. `centred` first takes the mean over both languages away, which most states share and which makes
    any two of them alike. Without a second pair there is nothing to compare with: nonparallel and gap are nan.
    """
    first, second = pivot.double(), language.double()
    if centred:
        shared = (first.mean(dim=0) + second.mean(dim=0)) / 2
        first, second = first - shared, second - shared
    first, second = normalize(first, dim=1), normalize(second, dim=1)
    own, size = float((first * second).sum()), len(first)
    parallel = own / size if size else math.nan
    others = (float(first.sum(dim=0) @ second.sum(dim=0)) - own) / (size * (size - 1)) if size > 1 else math.nan
    return PairSimilarity(parallel, others, parallel - others)


def mutual_knn(
    pivot: Float[Tensor, "pair d_model"], language: Float[Tensor, "pair d_model"], k: int, *, centred: bool = False
) -> float:
    """Mean share of a sentence's k nearest sentences of its language that its translation has for neighbours too.

    Nearest by cosine, itself excluded; k is at most pairs - 1, where the answer is always 1. A text that occurs twice
    is its own neighbour in both languages and raises the value: remove duplicates first. nan for fewer than two pairs.
    `centred` takes each language's mean away first.
    """
    size = len(pivot)
    k = min(k, size - 1)
    if k < 1:
        return math.nan
    first, second = _directions(pivot, centred=centred), _directions(language, centred=centred)
    shared = 0
    for rows in _blocks(size):
        one, two = _neighbours(first, rows, k), _neighbours(second, rows, k)
        shared += int((one[:, :, None] == two[:, None, :]).sum())
    return shared / (size * k)


def mutual_knn_chance(pairs: int, k: int) -> float:
    """What `mutual_knn` gives on average for states that have nothing to do with each other: k / (pairs - 1)."""
    return min(k, pairs - 1) / (pairs - 1) if pairs > 1 else math.nan


def retrieval(
    pivot: Float[Tensor, "pair d_model"], language: Float[Tensor, "pair d_model"], *, centred: bool = False
) -> Retrieval:
    """Retrieval at 1 by cosine, in both directions; a tie is a miss (as in MEXA), chance is at most 1 / pairs.

    `centred` takes each language's mean away first. nan for fewer than two pairs.
    """
    size = len(pivot)
    if size < 2:
        return Retrieval(math.nan, math.nan)
    keys, queries = _directions(pivot, centred=centred), _directions(language, centred=centred)
    own = torch.empty(size, device=keys.device)
    best_other_query = torch.full((size,), -torch.inf, device=keys.device)
    to_pivot = 0
    for rows in _blocks(size):
        cosines = queries[rows] @ keys.T
        diagonal = _diagonal(cosines, rows)
        own[rows] = cosines[diagonal]
        cosines[diagonal] = -torch.inf
        to_pivot += int((own[rows] > cosines.amax(dim=1)).sum())
        torch.maximum(best_other_query, cosines.amax(dim=0), out=best_other_query)
    return Retrieval(to_pivot / size, int((own > best_other_query).sum()) / size)


def language_accuracy(
    states: Sequence[Float[Tensor, "_ d_model"]], groups: Sequence[Int[Tensor, " _"]], seed: int
) -> float:
    """How well the nearest centroid tells the language of a sentence it was not computed from; chance is 1 / languages.

    Two folds by group, so that a sentence's translations are held out with it; Euclidean distance; the mean of the
    languages' own accuracies, so that a large language does not count more. nan if a language has no sentence in one of
    the folds.
    """
    folds = [fold_of(of_language, seed) for of_language in groups]
    if any(int((fold == side).sum()) == 0 for fold in folds for side in (0, 1)):
        return math.nan
    correct = [0] * len(states)
    for held_out in (0, 1):
        centroids = torch.stack([centroid(some[fold != held_out]) for some, fold in zip(states, folds, strict=True)])
        shared = centroids.mean(dim=0)  # taken away: distances between far-away points lose digits in float32
        for number, (some, fold) in enumerate(zip(states, folds, strict=True)):
            nearest = torch.cdist(some[fold == held_out].float() - shared, centroids - shared).argmin(dim=1)
            correct[number] += int((nearest == number).sum())
    return math.fsum(hits / len(some) for hits, some in zip(correct, states, strict=True)) / len(states)


def spectrum(states: Float[Tensor, "sentence d_model"], *, centred: bool = True) -> Float64[Tensor, " component"]:
    """The variances along the principal components, largest first (sums of squares, as shares only matter).

    `centred=False` is the paper's: the first component is then the mean itself.
    """
    exact = states.double()
    size = exact.square().sum()
    if centred:
        exact = exact - exact.mean(dim=0)
    gram = exact @ exact.T if len(exact) <= exact.shape[1] else exact.T @ exact
    variances = torch.linalg.eigvalsh(gram).flip(0)
    return torch.where(variances > _ROUNDING * size, variances, 0.0)


def dimension(variances: Float64[Tensor, " component"], share: float) -> int:
    """The number of principal components that hold this share (0 to 1) of the variance; 0 if nothing varies."""
    total = float(variances.sum())
    if total <= 0:
        return 0
    held = variances.cumsum(dim=0) / total
    return min(int((held < share - 1e-12).sum()) + 1, len(variances))  # rounding must not ask for one component more


def participation_ratio(variances: Float64[Tensor, " component"]) -> float:
    """(sum of variances)^2 / sum of squares: the number of components if all were equal; nan if nothing varies."""
    squares = float(variances.square().sum())
    return float(variances.sum()) ** 2 / squares if squares > 0 else math.nan


def _directions(states: Float[Tensor, "sentence d_model"], *, centred: bool) -> Float[Tensor, "sentence d_model"]:
    """The states as unit vectors; the mean is taken away in float64, for it may be far longer than what is left."""
    exact = states.double()
    return normalize(exact - exact.mean(dim=0) if centred else exact, dim=1).float()


def _neighbours(unit: Float[Tensor, "sentence d_model"], rows: slice, k: int) -> Int[Tensor, "row k"]:
    cosines = unit[rows] @ unit.T
    cosines[_diagonal(cosines, rows)] = -torch.inf
    return cosines.topk(k).indices


def _diagonal(block: Float[Tensor, "row sentence"], rows: slice) -> Bool[Tensor, "row sentence"]:
    """Where a block of rows meets its own columns."""
    own = torch.arange(rows.start, rows.start + len(block), device=block.device)
    return own[:, None] == torch.arange(block.shape[1], device=block.device)


def _blocks(size: int) -> Iterator[slice]:
    step = max(1, _BLOCK_ENTRIES // size)
    return (slice(start, min(start + step, size)) for start in range(0, size, step))
