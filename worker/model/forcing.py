"""The same text through the model under several changes at once: hidden states where something is predicted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from app.contracts.interventions import Positions
from worker.model.edits import RowEdits, span_of
from worker.model.language_model import LanguageModel


@dataclass(frozen=True)
class ForcedStates:
    """What a forced text left; float32, on the model's device.

    `last` is the last level at every place that predicts a generated token; `levels` every level at some of them.
    """

    last: Float[Tensor, "row generated hidden"]
    levels: Float[Tensor, "level row some hidden"]


@torch.no_grad()
def forced_states(
    model: LanguageModel,
    prompt: Sequence[int],
    generated: Sequence[int],
    edits: RowEdits,
    positions: Positions,
    some: int,
) -> ForcedStates:
    """Read prompt + generated tokens in one pass, changed in each row as while writing, and measure the edits.

    The last generated token is not read: nothing follows it, and while writing nobody read it either. Levels are kept
    at at most `some` places, spread evenly.
    """
    text = [*prompt, *generated[:-1]]
    first = len(prompt) - 1
    size = len(generated)
    count = min(size, some)
    places = torch.linspace(first, first + size - 1, count, device=model.device).round().long()
    ids = torch.tensor([text] * edits.rows, device=model.device)
    spans = [span_of(positions, len(prompt), len(text))] * edits.rows
    levels: dict[int, Tensor] = {}
    last: list[Tensor] = []

    def keep(level: int, states: Float[Tensor, "row t hidden"]) -> None:
        levels[level] = states[:, places].float()
        if level == model.layers:
            last.append(states[:, first : first + size].float())

    with _levels(model, keep), edits.over_text(spans, measure=True):
        model.base(input_ids=ids, use_cache=False)
    return ForcedStates(last[0], torch.stack([levels[level] for level in range(model.layers + 1)]))


@torch.no_grad()
def measured_edit(
    model: LanguageModel, prompt: Sequence[int], generated: Sequence[int], edits: RowEdits, positions: Positions
) -> list[float]:
    """For each row the mean change of the stream at its changed places, summed over layers, on this text; 0 if none."""
    text = [*prompt, *generated[:-1]]
    ids = torch.tensor([text] * edits.rows, device=model.device)
    with edits.over_text([span_of(positions, len(prompt), len(text))] * edits.rows, measure=True):
        model.base(input_ids=ids, use_cache=False)
    return mean_norms(edits)


def mean_norms(edits: RowEdits) -> list[float]:
    """What the last pass measured: for each row the mean over its changed places, 0 without any."""
    return [float(norms.double().mean()) if len(norms) else 0.0 for norms in edits.norms]


@contextmanager
def _levels(model: LanguageModel, keep: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Inside, `keep` gets every level's states: 0 the embedding, l + 1 the output of layer l."""

    def entered(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
        keep(0, args[0])

    def left(level: int, _module: nn.Module, _args: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]) -> None:
        keep(level, output if isinstance(output, Tensor) else output[0])

    with ExitStack() as on_exit:
        on_exit.callback(model.blocks[0].register_forward_pre_hook(entered).remove)
        for layer, block in enumerate(model.blocks):
            on_exit.callback(block.register_forward_hook(partial(left, layer + 1)).remove)
        yield
