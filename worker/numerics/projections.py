"""The states of every level in two dimensions, so that going from level to level moves points no more than it must."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64, Int16
from numpy.typing import NDArray
from pydantic import Field
from sklearn import manifold
from torch import Tensor

from worker.registry import Params, Projected, projection

_OVERSAMPLED = 10
_POWER_ITERATIONS = 6
_EPOCHS = 200  # UMAP takes 500 for a few thousand points from a poor start; ours is PCA or the level before
_LARGEST_INT16 = 32767
_LARGEST_BLOCK = 2**23  # distances held at a time, 32 MiB


class Bounds(NamedTuple):
    """One box around the points of all levels."""

    x0: float
    y0: float
    x1: float
    y1: float


class UmapParams(Params):
    """Parameters of UMAP."""

    neighbours: int = Field(15, ge=2, le=200, description="Sentences that count as near; more shows coarser structure.")
    min_dist: float = Field(0.1, ge=0, le=1, description="How close points may be drawn.")
    metric: Literal["cosine", "euclidean"] = Field("cosine", description="Distance between hidden states.")


@projection("pca", title="PCA", params=Params)
def pca(params: Params, states: Sequence[Tensor], seed: int) -> Projected:
    """The first two principal components of every level, each level turned onto the one before.

    `explained` is the share of the variance of the given states that the two components hold.
    """
    found = [_two_components(of_level, seed) for of_level in states]
    return Projected(_aligned(coordinates for coordinates, _ in found), [explained for _, explained in found])


@projection("umap", title="UMAP", params=UmapParams)
def umap(params: UmapParams, states: Sequence[Tensor], seed: int) -> Projected:
    """UMAP of every level, started from the level before and turned onto it; the first level starts from its PCA.

    Distances between far groups mean nothing in it. A level of fewer than four different states is drawn by PCA.
    """
    embed = _umap(params, seed)

    def embedded() -> Iterator[Tensor]:
        start = _two_components(states[0], seed)[0] if states else torch.empty(0, 2)
        for of_level in states:
            if len(torch.unique(of_level, dim=0)) < 4:
                start = _two_components(of_level, seed)[0]
            else:
                start = embed(of_level, start)
            yield start

    return Projected(_aligned(embedded()), [])


def reduce_states(
    states: Float[Tensor, "sentence d_model"], components: int = 50, seed: int = 0
) -> Float[Tensor, "sentence component"]:
    """The states' coordinates along their first principal components (fewer if there are fewer), centred.

    Exact while a side is small, else by randomised subspace iteration, which a seed repeats (Halko et al. 2011). The
    sign of a component is chosen so that its largest entry is positive.
    """
    mean, axes = principal_axes(states, components, seed)
    return ((states.double() - mean) @ axes.double().T).float()


class Axes(NamedTuple):
    """Where a state lies along the principal components of others: (state - mean) @ axes.T."""

    mean: Float64[Tensor, " d_model"]
    axes: Float[Tensor, "component d_model"]


def principal_axes(states: Float[Tensor, "sentence d_model"], components: int = 50, seed: int = 0) -> Axes:
    """The mean of the states and their first principal directions, as `reduce_states` uses them."""
    mean = states.double().mean(dim=0)
    centred = states.double() - mean
    kept = min(components, *centred.shape)
    if min(centred.shape) > 8 * (kept + _OVERSAMPLED):
        centred = centred.float()
        basis = _leading_subspace(centred, kept + _OVERSAMPLED, seed)
        _, _, axes = torch.linalg.svd(basis.T @ centred, full_matrices=False)
    else:
        _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    axes = axes[:kept]
    largest = axes.gather(1, axes.abs().argmax(dim=1, keepdim=True))
    return Axes(mean, axes * torch.where(largest < 0, -1.0, 1.0))


def bounds_of(coordinates: Sequence[Float[Tensor, "point 2"]]) -> Bounds:
    """The smallest box around the points of all levels; one unit wide where they do not spread."""
    low = torch.stack([points.amin(dim=0) for points in coordinates]).amin(dim=0)
    high = torch.stack([points.amax(dim=0) for points in coordinates]).amax(dim=0)
    flat = high <= low
    (x0, y0), (x1, y1) = (low - 0.5 * flat).tolist(), (high + 0.5 * flat).tolist()
    return Bounds(x0, y0, x1, y1)


def quantise(coordinates: Sequence[Float[Tensor, "point 2"]], bounds: Bounds) -> list[Int16[Tensor, "point 2"]]:
    """Every level as 16-bit integers: the box becomes -32767 to 32767 both ways, what lies outside goes to its edge."""
    low = torch.tensor([bounds.x0, bounds.y0])
    span = torch.tensor([bounds.x1, bounds.y1]) - low
    scaled = [((points.cpu() - low) / span * 2 - 1).clamp_(-1, 1) for points in coordinates]
    return [(points * _LARGEST_INT16).round().to(torch.int16) for points in scaled]


def trustworthiness(
    states: Float[Tensor, "point d_model"],
    coordinates: Float[Tensor, "point 2"],
    seed: int,
    neighbours: int = 15,
    sample: int = 1000,
) -> float:
    """How far nearest neighbours on the map are nearest neighbours in truth, 0 to 1 (Venna & Kaski 2001).

    On a seeded sample of the points, for it compares all pairs. nan for fewer than four points.
    """
    size = len(states)
    if size < 4:
        return float("nan")
    chosen = torch.randperm(size, generator=torch.Generator().manual_seed(seed))[:sample]
    near = min(neighbours, (len(chosen) - 1) // 2)
    return float(
        manifold.trustworthiness(states.cpu()[chosen].numpy(), coordinates.cpu()[chosen].numpy(), n_neighbors=near)
    )


def _two_components(states: Float[Tensor, "sentence d_model"], seed: int) -> tuple[Float[Tensor, "sentence 2"], float]:
    """The first two principal coordinates, and the share of variance in them (nan if nothing varies)."""
    found = reduce_states(states, 2, seed)
    total = float((states.double() - states.double().mean(dim=0)).square().sum())
    flat = total <= 1e-24 * float(states.double().square().sum())
    found = torch.nn.functional.pad(torch.zeros_like(found) if flat else found, (0, 2 - found.shape[1])).cpu()
    return found, float("nan") if flat else float(found.double().square().sum()) / total


def _leading_subspace(
    centred: Float[Tensor, "sentence d_model"], size: int, seed: int
) -> Float[Tensor, "sentence size"]:
    """An orthonormal basis that holds the leading left singular vectors."""
    start = torch.randn(centred.shape[1], size, generator=torch.Generator().manual_seed(seed)).to(centred.device)
    basis = torch.linalg.qr(centred @ start)[0]
    for _ in range(_POWER_ITERATIONS):
        basis = torch.linalg.qr(centred @ torch.linalg.qr(centred.T @ basis)[0])[0]
    return basis


def _aligned(levels: Iterator[Float[Tensor, "point 2"]]) -> list[Float[Tensor, "point 2"]]:
    """Centre each level, bring it to the same spread (root mean square radius 1) and turn or mirror it onto the last.

    States grow a hundredfold from the first level to the last; in one box the first ones would be a dot. Orthogonal
    Procrustes: with previous.T @ this = U S V.T, the best turn is V U.T.
    """
    done: list[Tensor] = []
    for points in levels:
        centred = points - points.mean(dim=0)
        radius = centred.square().sum(dim=1).mean().sqrt()
        centred = centred / radius if radius > 0 else centred
        if done:
            left, _, right = torch.linalg.svd(done[-1].T @ centred)
            centred = centred @ (right.T @ left.T)
        done.append(centred)
    return done


def _nearest(
    states: Float[Tensor, "point d_model"], neighbours: int, metric: Literal["cosine", "euclidean"]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Each point and its nearest, itself first, and how far they are.

    Exact. UMAP's own search calls Python for every pair of up to 4,096 points: minutes a level.
    """
    points = torch.nn.functional.normalize(states, dim=1) if metric == "cosine" else states
    found, distances = [], []
    step = max(1, _LARGEST_BLOCK // len(points))
    for start in range(0, len(points), step):
        # the matrix form loses the distances of near points to rounding
        apart = torch.cdist(points[start : start + step], points, compute_mode="donot_use_mm_for_euclid_dist")
        apart[torch.arange(len(apart)), torch.arange(start, start + len(apart))] = -1.0
        nearest = apart.topk(neighbours, largest=False)
        found.append(nearest.indices)
        distances.append(nearest.values.clamp_(min=0))
    near = torch.cat(distances)
    return torch.cat(found).cpu().numpy(), (near.square() / 2 if metric == "cosine" else near).cpu().numpy()


def _umap(params: UmapParams, seed: int) -> Callable[[Tensor, Tensor], Tensor]:
    """UMAP of the states in its first argument, started from the coordinates in its second."""
    # The only import inside a function: umap compiles for seconds at import, which a worker that draws no UMAP need
    # not wait for.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

    def embed(states: Tensor, start: Tensor) -> Tensor:
        spread = start.abs().amax(dim=0).clamp_min(1e-6)
        # UMAP stretches each axis of its start to 0..10 and divides by zero where all points agree; equal points would
        # stay together for ever.
        shaken = start / spread * 10 + 1e-3 * torch.randn(start.shape, generator=torch.Generator().manual_seed(seed))
        reducer = UMAP(
            n_neighbors=min(params.neighbours, len(states) - 1),
            min_dist=params.min_dist,
            metric=params.metric,
            init=shaken.numpy().astype(np.float32),
            precomputed_knn=_nearest(states, min(params.neighbours, len(states) - 1), params.metric),
            random_state=seed,
            n_epochs=_EPOCHS,
            n_jobs=1,  # a seed and several threads exclude each other
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its dependencies' future names; nothing a user could act on
            return torch.from_numpy(np.asarray(reducer.fit_transform(states.cpu().numpy()), dtype=np.float32))

    return embed
