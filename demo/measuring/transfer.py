"""Transfer neurons by the score of Tezuka and Inoue (2025), and random neurons of the same layers to compare with."""

from __future__ import annotations

import random
from collections import Counter

import torch
from torch import Tensor

from demo.measuring.reading import Reading, Subject

Neurons = list[tuple[int, int]]


def neuron_scores(before: Tensor, activation: Tensor, values: Tensor, centroid: Tensor) -> Tensor:
    """Mean change of cos(x, C) when one write is added, for each neuron of a layer [neurons].

    `before` [sentences, hidden], `activation` [sentences, neurons], `values` [hidden, neurons]. Closed form that never
    subtracts two nearly equal cosines: with r = x.v, q = C.v, s = |v|^2, d = a (2r + a s), u = |x|, w = sqrt(u^2 + d):
    (a q - (x.C) d / ((u + w) u)) / (|C| w).
    """
    r, q, s = before @ values, centroid @ values, values.square().sum(0)
    d = activation * (2 * r + activation * s)
    u = before.norm(dim=1, keepdim=True)
    w = (u.square() + d).clamp_min(1e-12).sqrt()
    along = (before @ centroid)[:, None]
    scores = (activation * q - along * d / ((u + w) * u)) / (centroid.norm() * w)
    return torch.mean(scores, dim=0)


def detect(subject: Subject, own: Reading, english: Reading, kind: int, layers: list[int], count: int) -> Neurons:
    """The `count` best neurons of the layers; kind 1 aims at the shared centroid, kind 2 at the language's own."""
    scores = []
    for layer in layers:
        target = own.last[layer + 1].mean(0)
        if kind == 1:
            target = (target + english.last[layer + 1].mean(0)) / 2
        scores.append(neuron_scores(own.before[layer], own.activation[layer], subject.values(layer), target))
    best = torch.cat(scores).topk(count).indices.tolist()
    return [(layers[index // subject.neurons], index % subject.neurons) for index in best]


def matched(subject: Subject, chosen: Neurons, seed: str) -> Neurons:
    """Random neurons, as many in each layer as `chosen` has and none of them."""
    rng, taken = random.Random(seed), set(chosen)
    drawn: Neurons = []
    for layer, count in sorted(Counter(layer for layer, _ in chosen).items()):
        free = [neuron for neuron in range(subject.neurons) if (layer, neuron) not in taken]
        drawn += [(layer, neuron) for neuron in rng.sample(free, count)]
    return drawn


def summary(value: float, controls: list[float]) -> dict[str, float]:
    """The value beside the mean, spread and range of its controls, and its distance in control deviations."""
    draws = torch.tensor(controls)
    deviation = float(draws.std())
    return {
        "chosen": round(value, 3),
        "random_mean": round(float(draws.mean()), 3),
        "random_deviation": round(deviation, 4),
        "random_lowest": round(float(draws.min()), 3),
        "random_highest": round(float(draws.max()), 3),
        "distance": round((value - float(draws.mean())) / max(deviation, 1e-4), 1),
        "draws_as_low": int((draws <= value).sum()),
    }
