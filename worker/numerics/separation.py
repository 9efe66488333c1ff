"""How well a neuron's activation tells some sentences from the others: ranks, and resampled correlation ratios."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Float64, Int
from scipy.stats import f as f_distribution
from torch import Tensor

_BLOCK = 2**22  # activations sorted at a time


class Ranking(NamedTuple):
    """One value a label and neuron."""

    auc: Float[Tensor, "label neuron"]  # chance that a sentence of the label lies above one of the others, ties half
    ap: Float[Tensor, "label neuron"]  # average precision, ties taken as one step


def ranking(activations: Float[Tensor, "sentence neuron"], labels: Bool[Tensor, "label sentence"]) -> Ranking:
    """Area under the ROC curve and average precision of each neuron as a detector of each label.

    AUC is Mann-Whitney's U over n1 n0. Average precision sums precision times the gain in recall from the highest
    activation down, equal activations in one step (as scikit-learn). Raises ValueError for a label that all sentences
    have, or none.
    """
    positives = labels.sum(dim=1)
    if bool((positives == 0).any()) or bool((positives == labels.shape[1]).any()):
        raise ValueError("A label must have sentences on both sides.")
    step = max(1, _BLOCK // max(len(activations), 1))
    blocks = [_ranked(part, labels) for part in torch.split(activations, step, dim=1)]
    return Ranking(torch.cat([one.auc for one in blocks], dim=1), torch.cat([one.ap for one in blocks], dim=1))


def _ranked(activations: Float[Tensor, "sentence neuron"], labels: Bool[Tensor, "label sentence"]) -> Ranking:
    size = len(activations)
    ordered, order = activations.sort(dim=0, descending=True, stable=True)
    place = torch.arange(size, device=activations.device)[:, None].expand_as(ordered)
    starts = torch.ones_like(ordered, dtype=torch.bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    ends = torch.ones_like(starts)
    ends[:-1] = starts[1:]
    # first and last place of the run of equal activations that a place is in
    first = torch.where(starts, place, -1).cummax(dim=0).values
    last = torch.where(ends, place, size).flip(0).cummin(dim=0).values.flip(0)
    middle = (first + last).double() / 2  # mean rank of a tie, from 0 at the top
    aucs, aps = [], []
    for label in labels:
        own = label[order]
        n1 = int(label.sum())
        n0 = size - n1
        below = size - 1 - middle  # sentences below, ties half
        inside = n1 * (n1 - 1) / 2
        aucs.append(((below * own).sum(dim=0) - inside) / (n1 * n0))
        hits = own.double().cumsum(dim=0).gather(0, last)
        aps.append((hits / (last + 1).double() * own).sum(dim=0) / n1)
    return Ranking(torch.stack(aucs).float(), torch.stack(aps).float())


def resample_counts(sizes: Sequence[int], resamples: int, seed: int) -> list[Float64[Tensor, "resample sentence"]]:
    """How often each sentence of each language is drawn: as many as the language has, with replacement."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for size in sizes:
        drawn = torch.randint(size, (resamples, size), generator=generator)
        ones = torch.ones(drawn.shape, dtype=torch.float64)
        found.append(torch.zeros(resamples, size, dtype=torch.float64).scatter_add_(1, drawn, ones))
    return found


def resampled_eta_squared(
    activations: Sequence[Float[Tensor, "sentence neuron"]],
    counts: Sequence[Float64[Tensor, "resample sentence"]],
    own: Int[Tensor, " language"] | Sequence[int],
) -> Float64[Tensor, "resample neuron"]:
    """The correlation ratio of the languages `own` (by number) against the rest, in every resample.

    One tensor a language; `counts` of ones gives the plain value. n1 n0 / N (m1 - m0)^2 / SS; a neuron that does not
    vary separates nothing: 0.
    """
    mine = {int(number) for number in own}
    sums: list[list[Tensor | float]] = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    for number, (values, weights) in enumerate(zip(activations, counts, strict=True)):
        side = sums[number in mine]
        exact, weights = values.double(), weights.to(values.device)
        side[0] = side[0] + float(weights[0].sum())
        side[1] = side[1] + weights @ exact
        side[2] = side[2] + weights @ exact.square()
    (n0, total0, squares0), (n1, total1, squares1) = sums
    if not n0 or not n1:
        raise ValueError("Eta squared compares two sides; one of them is empty.")
    n = n0 + n1
    between = n1 * n0 / n * (total1 / n1 - total0 / n0) ** 2
    squares = torch.as_tensor(squares0 + squares1)
    scatter = squares - torch.as_tensor(total0 + total1).square() / n
    return torch.where(scatter > 1e-12 * squares, between / scatter, 0.0).clamp(max=1.0)


def significant_eta_squared(sentences: int, level: float = 0.05) -> float:
    """The correlation ratio that an ANOVA of two groups calls significant: F / (F + N - 2) at the critical F."""
    critical = float(f_distribution.isf(level, 1, sentences - 2))
    return critical / (critical + sentences - 2)
