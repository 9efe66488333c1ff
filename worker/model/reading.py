"""Read sentences: one batched forward pass each, reduced to one position while it runs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from app.contracts.jobs import Position
from app.errors import BadInput
from worker.model.batches import Batch, Sentence, batches, reducer, tokenise
from worker.model.hooks import Capture, read, read_neurons
from worker.model.language_model import LanguageModel

Around = Callable[[Batch], AbstractContextManager[object]]  # what a batch is read inside of, such as hooks.change
OnBatch = Callable[[int, int], None]  # sentences done, sentences in all; may raise Cancelled


@dataclass(frozen=True)
class Readings:
    """What was read of each sentence, in the order given; float32 on the CPU.

    Of each tensor `[:, layer]` is contiguous: it is stored layer by layer.
    """

    stream: Float[Tensor, "n layers hidden"]  # before the MLP
    activations: Float[Tensor, "n layers neuron"]  # write coefficients
    states: Float[Tensor, "n levels hidden"]  # level 0 is the embedding
    sentences: list[Sentence]

    @property
    def tokens(self) -> Int[Tensor, "n"]:
        """Tokens of each sentence as read, BOS included."""
        return torch.tensor([len(sentence.ids) for sentence in self.sentences], dtype=torch.int32)

    @property
    def truncated(self) -> list[int]:
        """Places of the sentences that were longer than the model's context."""
        return [row for row, sentence in enumerate(self.sentences) if sentence.truncated]


@dataclass(frozen=True)
class TokenActivations:
    """Write coefficients of chosen neurons at every token of a sentence; float32 on the CPU."""

    ids: tuple[int, ...]
    activations: Float[Tensor, "token chosen"]


def read_sentences(
    model: LanguageModel,
    texts: Sequence[str],
    position: Position,
    batch_tokens: int,
    on_batch: OnBatch | None = None,
    around: Around | None = None,
) -> Readings:
    """Read every text at `position`, each batch inside of `around`.

    Raises BadInput for a text without tokens or with infinite activations.
    """
    sentences = tokenise(model, texts)
    size, layers = len(sentences), model.layers
    stream = torch.empty(layers, size, model.hidden_size)
    activations = torch.empty(layers, size, model.neurons)
    states = torch.empty(layers + 1, size, model.hidden_size)
    done = 0
    for batch in batches(model, sentences, batch_tokens):
        inside = nullcontext() if around is None else around(batch)
        with inside, read(model, reduce=reducer(batch, position)) as kept:
            _run(model, batch)
        rows = torch.tensor(batch.rows)
        _check_finite(batch, kept, texts)
        for into, found in ((stream, kept.stream), (activations, kept.activations), (states, kept.states)):
            for index, values in found.items():
                into[index].index_copy_(0, rows, values.cpu())
        done += len(batch.rows)
        if on_batch is not None:
            on_batch(done, size)
    return Readings(stream.transpose(0, 1), activations.transpose(0, 1), states.transpose(0, 1), sentences)


def read_token_activations(
    model: LanguageModel,
    texts: Sequence[str],
    neurons: Mapping[int, Int[Tensor, "n"]],
    batch_tokens: int,
    on_batch: OnBatch | None = None,
) -> list[TokenActivations]:
    """Read chosen neurons at every token; columns follow the mapping's order, then each layer's list."""
    sentences = tokenise(model, texts)
    read_so_far: dict[int, TokenActivations] = {}
    for batch in batches(model, sentences, batch_tokens):
        with read_neurons(model, neurons) as kept:
            _run(model, batch)
        values = torch.cat([kept[layer] for layer in neurons], dim=-1).cpu()
        for row, sentence, value in zip(batch.rows, batch.sentences, values, strict=True):
            read_so_far[row] = TokenActivations(sentence.ids, value[: len(sentence.ids)].clone())
        if on_batch is not None:
            on_batch(len(read_so_far), len(sentences))
    return [read_so_far[row] for row in range(len(sentences))]


def tokens_per_second(model: LanguageModel, clock: Callable[[], float], tokens: int = 512) -> float:
    """The speed of a bare forward pass after a first to warm up; `clock` gives seconds.

    The best of three, or of fewer once a second has passed: other work on the machine only makes a pass slower.
    """
    length = min(64, model.context)
    ids = torch.ones(max(1, tokens // length), length, dtype=torch.long, device=model.device)
    batch = Batch([], [], ids, torch.ones_like(ids))
    _run(model, batch)
    _finish(model)
    times = [clock()]
    while len(times) < 4 and times[-1] - times[0] <= 1:
        _run(model, batch)
        _finish(model)
        times.append(clock())
    return ids.numel() / max(min(end - start for start, end in pairwise(times)), 1e-9)


def _finish(model: LanguageModel) -> None:
    if model.device.type == "cuda":  # kernels run on after the call that queued them
        torch.cuda.synchronize(model.device)


@torch.no_grad()
def _run(model: LanguageModel, batch: Batch) -> None:
    """One forward pass without the head, which no reading needs."""
    try:
        model.base(**batch.inputs(), use_cache=False)
    except torch.OutOfMemoryError as error:
        rows, tokens = batch.ids.shape
        raise BadInput(
            f"{rows} sentences of {tokens} tokens do not fit into the memory of {model.device}. "
            "Start again with fewer tokens per batch, or with shorter sentences."
        ) from error


def _check_finite(batch: Batch, kept: Capture, texts: Sequence[str]) -> None:
    """An overflow must not reach a mean: one sentence would take all scores with it."""
    finite = torch.stack([values.isfinite().all(dim=-1) for values in kept.activations.values()]).all(dim=0)
    finite &= torch.stack([values.isfinite().all(dim=-1) for values in kept.states.values()]).all(dim=0)
    if not bool(finite.all()):
        row = batch.rows[int((~finite).nonzero()[0])]
        raise BadInput(
            f"The model computes infinite numbers for sentence {row + 1}, “{texts[row][:40]}”. "
            "Run the scan in float32, or remove the sentence."
        )
