"""Where the languages lie at each level: separability, likeness of parallel sentences, shared neighbours."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

States = dict[str, Tensor]


def language_accuracy(states: States) -> float:
    """Nearest-centroid accuracy (Euclidean): centroids of the first half of the sentences, tested on the second."""
    half = len(next(iter(states.values()))) // 2
    centroids = torch.stack([state[:half].mean(0) for state in states.values()])
    hits = [
        (torch.cdist(state[half:], centroids).argmin(1) == index).float().mean()
        for index, state in enumerate(states.values())
    ]
    return float(torch.stack(hits).mean())


def likeness(states: States) -> tuple[float, float]:
    """Mean cosine of English with each other language: parallel sentences, and sentences shifted by half the set."""
    english = states["en"]
    others = [state for language, state in states.items() if language != "en"]
    shift = len(english) // 2
    parallel = torch.stack([functional.cosine_similarity(english, other).mean() for other in others])
    shifted = torch.stack([functional.cosine_similarity(english, other.roll(shift, 0)).mean() for other in others])
    return float(parallel.mean()), float(shifted.mean())


def neighbours(state: Tensor, count: int) -> Tensor:
    """Membership [sentences, sentences] of the `count` nearest by cosine, itself left out."""
    unit = functional.normalize(state, dim=-1)
    near = (unit @ unit.T).fill_diagonal_(-2).topk(count, dim=1).indices
    return torch.zeros(len(state), len(state)).scatter_(1, near, 1.0)


def mutual_neighbours(states: States, count: int = 5) -> float:
    """Share of the `count` nearest neighbours that English and another language have in common, mean over languages."""
    english = neighbours(states["en"], count)
    shared = [
        (english * neighbours(state, count)).sum(1).mean() / count
        for language, state in states.items()
        if language != "en"
    ]
    return float(torch.stack(shared).mean())


def spread(states: States) -> float:
    """Variance of the language centroids over the mean variance within a language."""
    stacked = torch.stack(list(states.values()))
    between = stacked.mean(1).var(0, unbiased=False).sum()
    within = stacked.var(1, unbiased=False).sum(-1).mean()
    return float(between / within)


def describe(states: States) -> dict[str, float]:
    """Every measure of one level."""
    parallel, shifted = likeness(states)
    return {
        "language_accuracy": round(language_accuracy(states), 3),
        "parallel": round(parallel, 3),
        "shifted": round(shifted, 3),
        "gap": round(parallel - shifted, 3),
        "mutual_neighbours": round(mutual_neighbours(states), 3),
        "between_within": round(spread(states), 3),
    }
