"""Choosing the next token: the likeliest, or by inverting the cumulative probabilities at a given number."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


def draws(seed: int, samples: Sequence[int], steps: int) -> Float[Tensor, "row step"]:
    """Uniform numbers for every row and step; rows of one sample have the same ones, whatever else is in the batch.

    Those of sample s are the first `steps` of a generator seeded with seed + s.
    """
    rows = {
        sample: torch.rand(steps, dtype=torch.float64, generator=torch.Generator().manual_seed(seed + sample))
        for sample in set(samples)
    }
    return torch.stack([rows[sample] for sample in samples])


def pick(
    logits: Float[Tensor, "row token"], temperature: float, top_p: float, uniform: Float[Tensor, "row"]
) -> Int[Tensor, "row"]:
    """The next token of each row: the likeliest at temperature 0, else one of the nucleus.

    Tokens in falling order of probability, the fewest first ones that hold `top_p` (Holtzman et al. 2020), and of these
    the first whose cumulative share exceeds `uniform`. Rows with equal numbers differ only where their models do.
    """
    if temperature == 0:
        return logits.argmax(dim=-1)
    ordered = torch.softmax(logits.float() / temperature, dim=-1).sort(dim=-1, descending=True, stable=True)
    heaped = ordered.values.double().cumsum(dim=-1)
    kept = (heaped - ordered.values < top_p).sum(dim=-1, keepdim=True)  # at least one
    held = heaped.gather(-1, kept - 1)
    place = (heaped <= uniform.to(heaped)[:, None] * held).sum(dim=-1, keepdim=True)
    return ordered.indices.gather(-1, torch.minimum(place, kept - 1))[:, 0]
