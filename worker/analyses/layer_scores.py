"""The scores of all neurons of one layer, for every language: targets, folds, and what is reported about them."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from app.contracts.jobs import ScanSettings
from worker.numerics.centroids import centroid, fold_of, mean_of_languages
from worker.numerics.scoring import leave_one_out_sums, score_sums


@dataclass(frozen=True)
class LayerReading:
    """What was read of one language at one layer; rows are the language's sentences in reading order."""

    stream: Tensor  # float32 [n, d] residual stream before the MLP
    activations: Tensor  # float32 [n, F] write coefficients
    output: Tensor  # float32 [n, d] block output
    target_states: Tensor  # float32 [n, d] the states that centroids are made of: the output, or its final norm
    groups: Tensor  # int64 [n] parallel group, -1 for none


@dataclass(frozen=True)
class LayerScores:
    """Mean over sentences of the score and its companions, float32 [2 types, F] each."""

    score: Tensor
    sd: Tensor
    loo: Tensor
    contrast: Tensor


@dataclass(frozen=True)
class _Part:
    """The rows that are scored against centroids of other (or, without folds, the same) rows."""

    scored: Int[Tensor, " m"]
    scored_pivot: Int[Tensor, " p"]
    targets: Float[Tensor, "two d"]


def score_language(
    language: str,
    pivot: str,
    readings: Mapping[str, LayerReading],
    pairs: Int[Tensor, "pairs two"],
    value_vectors: Float[Tensor, "F d"],
    settings: ScanSettings,
) -> LayerScores:
    """Type-1 and Type-2 score of every neuron of the layer for one language (paper Eqs. 7-9).

    The score is the mean over the language's sentences of cos(x + a v, C) - cos(x, C); leave-one-out is
    cos(h, C) - cos(h - a v, C) at the block output; contrast is the score minus the score of the parallel pivot
    sentences towards the same centroids.
    """
    own, other = readings[language], readings[pivot]
    empty = torch.zeros(2, value_vectors.shape[0], dtype=torch.float64, device=value_vectors.device)
    totals = {name: empty.clone() for name in ("score", "squares", "loo", "pivot")}
    count = pivot_count = 0
    for part in _parts(language, pivot, readings, pairs, settings):
        sums, squares = score_sums(own.stream[part.scored], own.activations[part.scored], value_vectors, part.targets)
        left_out = leave_one_out_sums(
            own.output[part.scored], own.activations[part.scored], value_vectors, part.targets
        )
        theirs, _ = score_sums(
            other.stream[part.scored_pivot], other.activations[part.scored_pivot], value_vectors, part.targets
        )
        totals["score"] += sums
        totals["squares"] += squares
        totals["loo"] += left_out
        totals["pivot"] += theirs
        count += len(part.scored)
        pivot_count += len(part.scored_pivot)
    mean = totals["score"] / count
    variance = (totals["squares"] / count - mean.square()).clamp_min(0.0)
    return LayerScores(
        score=mean.float(),
        sd=variance.sqrt().float(),
        loo=(totals["loo"] / count).float(),
        contrast=(mean - totals["pivot"] / max(pivot_count, 1)).float(),
    )


def _parts(
    language: str,
    pivot: str,
    readings: Mapping[str, LayerReading],
    pairs: Int[Tensor, "pairs two"],
    settings: ScanSettings,
) -> list[_Part]:
    """One part without cross-fitting, else two: each half scored against the other half's centroids."""
    samples = _samples(language, pivot, readings, pairs)
    if not settings.crossfit:
        targets = _targets(language, pivot, readings, samples, settings)
        return [_Part(samples[language], samples[pivot], targets)]
    folds = {key: fold_of(_units(reading.groups), settings.seed) for key, reading in readings.items()}
    parts = []
    for fold in range(2):
        inside = {key: rows[folds[key][rows] == fold] for key, rows in samples.items()}
        outside = {key: rows[folds[key][rows] != fold] for key, rows in samples.items()}
        if any(len(rows) == 0 for rows in outside.values()):  # too few sentences for two halves
            targets = _targets(language, pivot, readings, samples, settings)
            return [_Part(samples[language], samples[pivot], targets)]
        parts.append(_Part(inside[language], inside[pivot], _targets(language, pivot, readings, outside, settings)))
    return parts


def _units(groups: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """What the folds are drawn over: the parallel group, so that translations share a fold, else the row itself."""
    rows = torch.arange(len(groups), dtype=torch.int64)
    return torch.where(groups >= 0, groups, -rows - 1)


def _samples(
    language: str, pivot: str, readings: Mapping[str, LayerReading], pairs: Int[Tensor, "pairs two"]
) -> dict[str, Int[Tensor, " m"]]:
    """Rows that count, repeated where the corpus repeats them: the pairs of this language, all rows of the others."""
    samples = {key: torch.arange(len(reading.stream)) for key, reading in readings.items()}
    if len(pairs):
        samples[pivot], samples[language] = pairs[:, 0].long(), pairs[:, 1].long()
    return samples


def _targets(
    language: str,
    pivot: str,
    readings: Mapping[str, LayerReading],
    rows: Mapping[str, Int[Tensor, " m"]],
    settings: ScanSettings,
) -> Float[Tensor, "two d"]:
    """The centroids that Type-1 and Type-2 neurons move towards (methods: midpoint is the paper's choice)."""
    own = centroid(readings[language].target_states[rows[language]])
    of_pivot = centroid(readings[pivot].target_states[rows[pivot]])
    if settings.type1_target == "pivot":
        shared = of_pivot
    elif settings.type1_target == "midpoint":
        shared = (own + of_pivot) / 2
    else:
        everyone = [own, of_pivot] + [
            centroid(reading.target_states[rows[key]])
            for key, reading in readings.items()
            if key not in {language, pivot}
        ]
        shared = mean_of_languages(torch.stack(everyone))
    return torch.stack([shared, own])
