"""Two next-token distributions beside each other, and how a distribution divides among languages."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Compared(NamedTuple):
    """Position by position, in nats; float64."""

    kl: Float[Tensor, "position"]  # KL(normal || changed)
    entropy: Float[Tensor, "position"]
    entropy_changed: Float[Tensor, "position"]


def compare(normal: Float[Tensor, "position token"], changed: Float[Tensor, "position token"]) -> Compared:
    """Two rows of logits: how far the changed distribution is from the normal one, and how undecided each is."""
    log_p = torch.log_softmax(normal.double(), dim=-1)
    log_q = torch.log_softmax(changed.double(), dim=-1)
    p = log_p.exp()
    # A token that cannot come adds nothing: 0 * (-inf) would be nan.
    kl = torch.where(p > 0, p * (log_p - log_q), 0.0).sum(dim=-1)
    return Compared(kl.clamp_(min=0), entropy(log_p), entropy(log_q))


def entropy(log_probabilities: Float[Tensor, "*rows token"]) -> Float[Tensor, "*rows"]:
    """In nats; tokens that cannot come add nothing."""
    probabilities = log_probabilities.exp()
    return torch.where(probabilities > 0, -probabilities * log_probabilities, 0.0).sum(dim=-1)


def language_shares(
    logits: Float[Tensor, "position token"], posterior: Float[Tensor, "known language"]
) -> Float[Tensor, "position language_or_none"]:
    """How much of the next-token mass is of each language, and last, of none (tokens never seen in a language).

    `posterior` as of `token_language_posterior`; logits beyond its tokens count as none.
    """
    probabilities = torch.softmax(logits.float(), dim=-1)
    known = min(probabilities.shape[-1], len(posterior))
    shares = probabilities[..., :known] @ posterior[:known].to(probabilities)
    return torch.cat([shares, (1 - shares.sum(dim=-1, keepdim=True)).clamp_(0, 1)], dim=-1)
