"""Mean hidden states: of a language, of a language and the pivot together, of all languages; and who is held out."""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor


def centroid(states: Float[Tensor, "sentence d_model"]) -> Float[Tensor, " d_model"]:
    """The mean hidden state, summed in float64: a float32 running sum drifts over many thousand sentences.

    Raises ValueError when there is no state.
    """
    if states.shape[0] == 0:
        raise ValueError("A centroid needs at least one hidden state.")
    return states.mean(dim=0, dtype=torch.float64).float()


def midpoint(
    pivot_states: Float[Tensor, "pair d_model"], language_states: Float[Tensor, "pair d_model"]
) -> Float[Tensor, " d_model"]:
    """The paper's shared centroid: the mean over parallel sentences of the midpoint of the two states (Eq. 7)."""
    return mean_of_languages(torch.stack([centroid(pivot_states), centroid(language_states)]))


def mean_of_languages(centroids: Float[Tensor, "language d_model"]) -> Float[Tensor, " d_model"]:
    """The shared centroid in which every language counts the same, however many sentences it has."""
    return centroid(centroids)


def fold_of(groups: Int[Tensor, " sentence"], seed: int, folds: int = 2) -> Int[Tensor, " sentence"]:
    """The fold (0 to folds - 1) of every sentence, a function of its group and the seed alone.

    Shards and languages therefore agree without talking to each other, translations (one group) are held out together,
    and any run of `folds` consecutive groups that starts at a multiple of `folds` is dealt one to each fold.
    """
    numbers = groups.cpu().numpy().astype(np.int64)
    dealt = _scrambled(numbers // folds, seed) % np.uint64(folds)
    return torch.from_numpy((numbers + dealt.astype(np.int64)) % folds).to(groups.device)


def _scrambled(numbers: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """SplitMix64's output function: a good hash of a 64-bit number; the wrap-around is meant."""
    start = np.array([seed % 2**64], dtype=np.uint64)  # arrays wrap around in silence, scalars warn
    mixed = numbers.astype(np.uint64) + (start + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
