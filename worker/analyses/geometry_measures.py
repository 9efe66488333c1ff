"""How a language lies to the pivot in one condition: by level from its states, by layer from its activations."""

from dataclasses import dataclass

import torch
from torch import Tensor

from app.contracts.geometry import LEVEL_METRICS
from worker.analyses.geometry_parts import Normal
from worker.numerics import alignment
from worker.numerics.centroids import centroid


@dataclass(frozen=True)
class Measured:
    """The numbers of one condition: [LEVEL_METRICS, levels], [2, layers] activation similarity, [levels, d]."""

    levels: Tensor
    layers: Tensor
    centroids: Tensor


def measure(normal: Normal, states: Tensor, activations: Tensor, neighbours: int, *, centred: bool) -> Measured:
    """Compare states [levels, n, d] and activations [layers, n, F] of a condition with the pivot's normal ones."""
    levels = torch.zeros(len(LEVEL_METRICS), len(states))
    centroids = torch.stack([centroid(found) for found in states])
    for level, (pivot, changed) in enumerate(zip(normal.pivot_states, states, strict=True)):
        similarity = alignment.pair_similarity(pivot, changed)
        both = torch.stack([centroid(pivot), centroids[level]])
        values = {
            "parallel": similarity.parallel,
            "nonparallel": similarity.nonparallel,
            "gap": similarity.gap,
            "mutual_knn": alignment.mutual_knn(pivot, changed, neighbours, centred=centred),
            "retrieval": alignment.retrieval(pivot, changed, centred=centred).to_pivot,
            "centroid_cosine": float(alignment.centroid_cosine(both)[0, 1]),
            "shift": relative_shift(normal.states[level], changed),
        }
        levels[:, level] = torch.tensor([values[name] for name in LEVEL_METRICS])
    layers = torch.zeros(2, len(activations))
    for layer, (pivot, changed) in enumerate(zip(normal.pivot_activations, activations, strict=True)):
        patterns = alignment.pair_similarity(pivot, changed)
        layers[:, layer] = torch.tensor([patterns.parallel, patterns.nonparallel])
    return Measured(levels, layers, centroids)


def relative_shift(before: Tensor, after: Tensor) -> float:
    """Mean length of the change of a state over the mean length of the state, both [n, d]; 0 where states are zero."""
    length = before.double().norm(dim=1).mean()
    return float((after.double() - before.double()).norm(dim=1).mean() / length) if length > 0 else 0.0
