"""The definitions behind `worker.numerics`, transcribed sentence by sentence and neuron by neuron in float64.

Nothing here is clever or fast: these are what the fast code is compared with, here and in the acceptance tests.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def cosine(first: Tensor, second: Tensor) -> float:
    """The cosine of two vectors; 0 where either has no length."""
    first, second = first.double(), second.double()
    lengths = float(first.norm() * second.norm())
    return float(first @ second) / lengths if lengths > 0 else 0.0


def _each(measure: Callable[[Tensor, Tensor], float], stream: Tensor, activations: Tensor, vectors: Tensor) -> Tensor:
    """measure(stream of the sentence, write of the neuron) for every sentence and neuron: [N, F]."""
    rows = []
    for state, coefficients in zip(stream.double(), activations.double(), strict=True):
        rows.append([measure(state, a * v) for a, v in zip(coefficients, vectors.double(), strict=True)])
    return torch.tensor(rows, dtype=torch.float64)


def scores(stream: Tensor, activations: Tensor, value_vectors: Tensor, target: Tensor) -> Tensor:
    """cos(x + a v, C) - cos(x, C) for every sentence and neuron, [N, F] (Tezuka & Inoue 2025, Eqs 8-9)."""

    def gain(state: Tensor, write: Tensor) -> float:
        return cosine(state + write, target) - cosine(state, target)

    return _each(gain, stream, activations, value_vectors)


def leave_one_out(block_output: Tensor, activations: Tensor, value_vectors: Tensor, target: Tensor) -> Tensor:
    """cos(h, C) - cos(h - a v, C) for every sentence and neuron, [N, F]."""

    def loss(state: Tensor, write: Tensor) -> float:
        return cosine(state, target) - cosine(state - write, target)

    return _each(loss, block_output, activations, value_vectors)


def distance_gains(stream: Tensor, activations: Tensor, value_vectors: Tensor, target: Tensor) -> Tensor:
    """||x - C|| - ||x + a v - C|| for every sentence and neuron, [N, F]."""

    def gain(state: Tensor, write: Tensor) -> float:
        return float((state - target.double()).norm() - (state + write - target.double()).norm())

    return _each(gain, stream, activations, value_vectors)


def attributions(stream: Tensor, activations: Tensor, value_vectors: Tensor, target: Tensor) -> Tensor:
    """(a v) . grad_x cos(x, C) for every sentence and neuron, [N, F], by automatic differentiation."""

    def first_order(state: Tensor, write: Tensor) -> float:
        at = state.clone().requires_grad_()
        torch.cosine_similarity(at, target.double(), dim=0).backward()
        assert at.grad is not None
        return float(at.grad @ write)

    return _each(first_order, stream, activations, value_vectors)


def scores_as_released(stream: Tensor, activations: Tensor, value_vectors: Tensor, target: Tensor) -> Tensor:
    """The score as the paper's code computes it, two cosines and their difference, in the stream's dtype: [N, F]."""
    before = torch.cosine_similarity(stream, target[None], dim=1)
    after = [
        torch.cosine_similarity(state + a[:, None] * value_vectors, target[None], dim=1)
        for state, a in zip(stream, activations, strict=True)
    ]
    return torch.stack(after) - before[:, None]


def eta_squared(values: Sequence[float], own: Sequence[bool]) -> float:
    """The correlation ratio: sum of squares between the two classes over the total sum of squares."""
    mean = math.fsum(values) / len(values)
    total = math.fsum((value - mean) ** 2 for value in values)
    between = 0.0
    for label in (True, False):
        members = [value for value, is_own in zip(values, own, strict=True) if is_own is label]
        if members:
            between += len(members) * (math.fsum(members) / len(members) - mean) ** 2
    return between / total if total > 0 else 0.0


def neighbours(states: Tensor, row: int, k: int) -> set[int]:
    """The k rows whose cosine to this row's state is largest, the row itself left out."""
    others = [other for other in range(len(states)) if other != row]
    return set(sorted(others, key=lambda other: -cosine(states[row], states[other]))[:k])


def mutual_knn(first: Tensor, second: Tensor, k: int) -> float:
    """The mean share of the k nearest neighbours that a sentence has in common with its translation."""
    shared = [len(neighbours(first, row, k) & neighbours(second, row, k)) / k for row in range(len(first))]
    return math.fsum(shared) / len(shared)


def retrieval(queries: Tensor, keys: Tensor) -> float:
    """The share of queries whose own key is nearer, by cosine, than every other key."""
    hits = 0
    for row, query in enumerate(queries):
        own = cosine(query, keys[row])
        hits += all(own > cosine(query, key) for other, key in enumerate(keys) if other != row)
    return hits / len(queries)


def non_parallel_similarity(first: Tensor, second: Tensor) -> float:
    """The mean cosine of every sentence with every translation of another sentence."""
    size = len(first)
    found = [cosine(first[i], second[j]) for i in range(size) for j in range(size) if i != j]
    return math.fsum(found) / len(found)
