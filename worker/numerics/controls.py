"""Random neurons to compare a set with: as many in each layer as the set has, and none of the set."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from app.errors import BadInput

ByLayer = dict[int, NDArray[np.int64]]


def matched(
    neurons_by_layer: Mapping[int, Int[np.ndarray, " n"] | Sequence[int]], width: int, draws: int, seed: int
) -> list[ByLayer]:
    """`draws` sets with the set's number of neurons in each of its layers, ascending; a seed repeats them.

    `width` is neurons per layer. Layers and draws are independent of each other: leaving a layer out, or asking for
    more draws, changes no other draw. Raises BadInput if a layer has too few neurons outside the set.
    """
    found: list[ByLayer] = [{} for _ in range(draws)]
    for layer, chosen in sorted(neurons_by_layer.items()):
        taken = np.unique(np.asarray(chosen, dtype=np.int64))
        others = np.setdiff1d(np.arange(width, dtype=np.int64), taken)
        if not len(taken):
            continue
        if len(others) < len(taken):
            raise BadInput(
                f"Layer {layer} has {width} neurons and the set takes {len(taken)} of them, so as many others cannot "
                "be drawn for comparison. Take a smaller set, or compare without random draws."
            )
        for draw in range(draws):
            generator = np.random.default_rng([seed, layer, draw])
            found[draw][layer] = np.sort(generator.choice(others, len(taken), replace=False))
    return found


def matched_by_size(
    neurons_by_layer: Mapping[int, Int[np.ndarray, " n"] | Sequence[int]],
    sizes: Mapping[int, NDArray[np.floating]],
    draws: int,
    seed: int,
    nearest: int = 20,
) -> list[ByLayer]:
    """As `matched`, and each neuron of the set stands for one of about its size, by layer: `sizes[layer]` [F].

    For each neuron of the set, in random order, one of the `nearest` free neurons by rank of size is drawn: rank, not
    value, so that a heavy tail does not leave the largest without a partner. Raises BadInput as `matched`.
    """
    for layer, chosen in neurons_by_layer.items():
        matched({layer: chosen}, len(sizes[layer]), 0, seed)  # refuses what leaves too few
    found: list[ByLayer] = [{} for _ in range(draws)]
    for layer, chosen in sorted(neurons_by_layer.items()):
        taken = np.unique(np.asarray(chosen, dtype=np.int64))
        if not len(taken):
            continue
        rank = np.empty(len(sizes[layer]), dtype=np.int64)
        rank[np.argsort(sizes[layer], kind="stable")] = np.arange(len(rank))
        for draw in range(draws):
            generator = np.random.default_rng([seed, layer, draw, 1])
            found[draw][layer] = _partners(taken, rank, nearest, generator)
    return found


def _partners(
    taken: NDArray[np.int64], rank: NDArray[np.int64], nearest: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """One free neuron of about the same rank for each taken one, none twice; ascending."""
    free = np.setdiff1d(np.arange(len(rank), dtype=np.int64), taken)
    partners = np.empty_like(taken)
    for place in generator.permutation(len(taken)):
        away = np.abs(rank[free] - rank[taken[place]])
        near = np.argpartition(away, nearest)[:nearest] if nearest < len(free) else np.arange(len(free))
        pick = generator.choice(near)
        partners[place] = free[pick]
        free = np.delete(free, pick)
    return np.sort(partners)
