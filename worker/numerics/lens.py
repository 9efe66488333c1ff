"""The logit lens of a level: how undecided the next token is, and how its mass divides among languages."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from worker.numerics.comparing import entropy, language_shares


class Lens(NamedTuple):
    """Row by row."""

    entropy: Float[Tensor, "row"]  # nats
    shares: Float[Tensor, "row language_or_none"]


def lens(logits: Float[Tensor, "row token"], posterior: Float[Tensor, "known language"]) -> Lens:
    """`logits` are a hidden state's through final norm and unembedding, `posterior` as of `token_language_posterior`.

    nostalgebraist, "interpreting GPT: the logit lens" (2020); Wendler et al., "Do Llamas Work in English?" (2024).
    """
    return Lens(entropy(torch.log_softmax(logits.double(), dim=-1)), language_shares(logits, posterior))
