"""Training a delta on sentences, and how well sentences are predicted with it: next-token losses in float32."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from app.errors import BadInput
from worker.model.batches import Batch, Sentence, batches
from worker.model.deltas import Delta, applied
from worker.model.language_model import LanguageModel


@dataclass(frozen=True)
class Losses:
    """Negative log-likelihood of each sentence, in nats, summed over the tokens that have one before them."""

    sums: Float[Tensor, "sentence"]
    tokens: Float[Tensor, "sentence"]


def _token_losses(model: LanguageModel, batch: Batch) -> tuple[Tensor, Tensor]:
    """Loss of every predicted token [b, t - 1], 0 where there is padding, and which are real."""
    logits = model.network(**batch.inputs(), use_cache=False).logits.float()
    real = batch.mask[:, 1:].bool()
    loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch.ids[:, 1:].flatten(), reduction="none")
    return loss.view(real.shape) * real, real


@torch.no_grad()
def sentence_losses(model: LanguageModel, sentences: Sequence[Sentence], batch_tokens: int) -> Losses:
    """How surprising each sentence is to the model as it is (inside `applied`: with the changes)."""
    sums, tokens = torch.zeros(len(sentences)), torch.zeros(len(sentences))
    for batch in batches(model, sentences, batch_tokens):
        loss, real = _token_losses(model, batch)
        rows = torch.tensor(batch.rows)
        sums[rows] = loss.sum(dim=1).cpu()
        tokens[rows] = real.sum(dim=1).float().cpu()
    return Losses(sums, tokens)


@dataclass
class Trainer:
    """Adam (Kingma & Ba 2015, betas 0.9 and 0.999) on a delta; its state can be taken out and put back as tensors."""

    model: LanguageModel
    delta: Delta
    rate: float

    def __post_init__(self) -> None:
        self._named = self.delta.tensors
        self._adam = torch.optim.Adam(list(self._named.values()), lr=self.rate)

    def step(self, batch: Batch) -> float:
        """One update; the mean loss per token before it. Raises BadInput when the loss is no number any more."""
        self._adam.zero_grad(set_to_none=True)
        with applied(self.model, self.delta):
            loss, real = _token_losses(self.model, batch)
            mean = loss.sum() / real.sum()
            if not bool(mean.isfinite()):
                raise BadInput("The training loss is not a number any more. Start again with a smaller learning rate.")
            torch.autograd.backward(mean)
        self._adam.step()
        return float(mean.detach())

    def state(self) -> dict[str, Tensor]:
        """The changes and the optimiser's moments, to go on exactly; names as in `Delta.tensors`."""
        found = {f"value/{name}": tensor.detach().cpu() for name, tensor in self._named.items()}
        for name, tensor in self._named.items():
            moments = self._adam.state.get(tensor, {})
            found |= {f"{key}/{name}": value.detach().cpu().float() for key, value in moments.items()}
        return found

    @torch.no_grad()
    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        for name, tensor in self._named.items():
            tensor.copy_(state[f"value/{name}"])
            keys = ("step", "exp_avg", "exp_avg_sq")
            if f"step/{name}" in state:
                self._adam.state[tensor] = {
                    key: state[f"{key}/{name}"].clone() if key == "step" else state[f"{key}/{name}"].to(tensor)
                    for key in keys
                }


def training_batches(
    model: LanguageModel, sentences: Sequence[Sentence], batch_tokens: int, steps: range, seed: int
) -> list[Batch]:
    """The batches of these steps: each epoch's sentences in a new seeded order, packed to `batch_tokens`.

    A step's batch depends on seed and step alone, so that training can go on anywhere.
    """
    found: list[Batch] = []
    epoch, first = 0, 0
    while first < steps.stop:
        made = _epoch(model, sentences, batch_tokens, f"{seed} epoch {epoch}")
        found += [batch for step, batch in enumerate(made, first) if step in steps]
        first += len(made)
        epoch += 1
    return found


def _epoch(model: LanguageModel, sentences: Sequence[Sentence], batch_tokens: int, seed: str) -> list[Batch]:
    made = list(batches(model, sentences, batch_tokens))
    random.Random(seed).shuffle(made)  # noqa: S311 - an order, no secret
    return made
