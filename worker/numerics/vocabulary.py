"""What a neuron writes, in tokens and their languages; and which neurons write, or behave, nearly the same."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

_BLOCK_ENTRIES = 2**24  # entries of a block of a product too large to be held whole: 64 MiB of float32


class PromotedTokens(NamedTuple):
    """The tokens whose logits a write of +1 raises most and lowers most, strongest first."""

    promoted: Int[Tensor, "neuron top"]
    promoted_values: Float[Tensor, "neuron top"]
    suppressed: Int[Tensor, "neuron top"]
    suppressed_values: Float[Tensor, "neuron top"]


class Similar(NamedTuple):
    """For each neuron the rows of the others most like it, and how like (cosine); -1 and 0 where there are no more."""

    rows: Int[Tensor, "neuron top"]
    values: Float[Tensor, "neuron top"]


def promoted_tokens(
    value_vectors: Float[Tensor, "neuron d_model"], unembedding: Float[Tensor, "token d_model"], top: int
) -> PromotedTokens:
    """The logit each value vector adds to each token, its extremes.

    `unembedding` is the effective one, the final norm's gain folded in. A negative activation does the reverse: it
    promotes the suppressed tokens.
    """
    top, unembedding = min(top, unembedding.shape[0]), unembedding.float()
    found = []
    for rows in _blocks(len(value_vectors), unembedding.shape[0]):
        logits = value_vectors[rows].float() @ unembedding.T
        best, worst = logits.topk(top), logits.topk(top, largest=False)
        found.append((best.indices, best.values, worst.indices, worst.values))
    return PromotedTokens(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def token_language_posterior(counts: Num[Tensor, "language token"]) -> Float[Tensor, "token language"]:
    """The chance that a token, met in a text of a random language, is of each language: its rates in the languages.

    Rates, not counts, so that a language does not win tokens by having more text. A token never seen, and a language
    without text, have chance 0 everywhere.
    """
    exact = counts.double()
    rates = (exact / exact.sum(dim=1, keepdim=True).clamp_min(1.0)).T
    return (rates / rates.sum(dim=1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)).float()


def language_makeup(
    tokens: Int[Tensor, "neuron top"], posterior: Float[Tensor, "token language"]
) -> Float[Tensor, "neuron language_or_none"]:
    """The mean language of a neuron's tokens: a share for each language and, last, for none (tokens never seen).

    The whole vocabulary as one row gives the base line.
    """
    shares = posterior[tokens].mean(dim=1, dtype=torch.float64).float()
    return torch.cat([shares, (1 - shares.sum(dim=1, keepdim=True)).clamp_(0, 1)], dim=1)


def similar_by_direction(value_vectors: Float[Tensor, "neuron d_model"], top: int) -> Similar:
    """The neurons whose value vectors point the same way; a zero vector is like nothing (0)."""
    return _most_alike(value_vectors, top)


def similar_by_profile(profiles: Float[Tensor, "neuron language"], top: int) -> Similar:
    """The neurons whose activations vary alike over the languages: correlation of their mean activations."""
    return _most_alike(profiles - profiles.mean(dim=1, keepdim=True), top)


def _most_alike(vectors: Float[Tensor, "neuron size"], top: int) -> Similar:
    size = len(vectors)
    unit = torch.nn.functional.normalize(vectors.float(), dim=1)
    rows = torch.full((size, top), -1, dtype=torch.int64, device=vectors.device)
    values = torch.zeros(size, top, device=vectors.device)
    kept = max(0, min(top, size - 1))
    for block in _blocks(size, size):
        cosines = unit[block] @ unit.T
        cosines[torch.arange(len(cosines)), torch.arange(block.start, block.start + len(cosines))] = -torch.inf
        best = cosines.topk(kept)
        rows[block, :kept], values[block, :kept] = best.indices, best.values
    return Similar(rows, values)


def _blocks(size: int, width: int) -> Iterator[slice]:
    """Slices of `size` rows, so many that a block of `width` columns stays small; at least one, even if empty."""
    step = max(1, _BLOCK_ENTRIES // max(width, 1))
    return (slice(start, start + step) for start in range(0, max(size, 1), step))
