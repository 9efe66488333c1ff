"""All we do to a forward pass: read the stream, the neurons and the hidden states, or change neurons; in a `with`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from app.errors import BadInput
from worker.model.language_model import LanguageModel

Output = Tensor | tuple[Tensor, ...]  # blocks and attention give one or the other
NewValue = Callable[[int, Tensor], Tensor] | Tensor


class Reduce(Protocol):
    """What is kept of a tensor inside the hook: float32, nothing that shares the model's memory.

    It must be linear; `scale`, when given, multiplies each token first.
    """

    def __call__(self, tensor: Float[Tensor, "b t k"], scale: Float[Tensor, "b t"] | None) -> Tensor: ...


def everything(tensor: Float[Tensor, "b t k"], scale: Float[Tensor, "b t"] | None) -> Float[Tensor, "b t k"]:
    """Keep every token."""
    # Copied: blocks may add in place (Falcon does), and float32 to float32 alone would share the memory.
    kept = tensor.to(torch.float32, copy=True)
    return kept if scale is None else kept * scale[..., None]


@dataclass
class Capture:
    """What the last forward pass left, float32, reduced: by layer, or by level for the states.

    `stream` before the MLP, attention included; `activations` the write coefficients; `states` where level 0 is the
    embedding and level l + 1 the output of layer l. stream + activations @ value_vectors + bias = next state.
    """

    stream: dict[int, Tensor] = field(default_factory=dict)
    activations: dict[int, Tensor] = field(default_factory=dict)
    states: dict[int, Tensor] = field(default_factory=dict)


def _first(output: Output) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


def _coefficients(
    args: tuple[Tensor, ...], output: Tensor, epsilon: float | None, reduce: Reduce, chosen: Tensor | None = None
) -> Tensor:
    """What the down projection takes in, times 1/rms of what it gives out if a norm (of that epsilon) follows."""
    scale = None if epsilon is None else torch.rsqrt(output.float().pow(2).mean(dim=-1) + epsilon)
    return reduce(args[0] if chosen is None else args[0].index_select(-1, chosen), scale)


class _Recorder:
    """The hooks of one `read`: each method is one hook, after its layer is bound."""

    def __init__(self, model: LanguageModel, reduce: Reduce) -> None:
        self.model, self.reduce = model, reduce
        self.kept = Capture()
        self.attention: dict[int, Tensor] = {}

    def attach(self, layer: int, *, first: bool) -> list[RemovableHandle]:
        """Hook a layer; `first` when the layer before is not hooked, so that nobody reads this block's input."""
        model, site = self.model, self.model.site
        block, down = model.blocks[layer], model.inside(layer, site.down)
        if model.parallel:
            attention = model.inside(layer, site.attention)
            handles = [attention.register_forward_hook(partial(self.attended, layer))]
        else:
            stream = model.inside(layer, site.stream)
            handles = [stream.register_forward_pre_hook(partial(self.passed, layer))]
        if first:
            handles.append(block.register_forward_pre_hook(partial(self.entered, layer)))
        handles.append(down.register_forward_hook(partial(self.activated, layer, model.rms_epsilon(layer))))
        handles.append(block.register_forward_hook(partial(self.left, layer)))
        return handles

    def entered(self, layer: int, _module: nn.Module, args: tuple[Tensor, ...]) -> None:
        self.kept.states[layer] = self.reduce(args[0], None)

    def attended(self, layer: int, _module: nn.Module, _args: tuple[Tensor, ...], output: Output) -> None:
        self.attention[layer] = self.reduce(_first(output), None)

    def passed(self, layer: int, _module: nn.Module, args: tuple[Tensor, ...]) -> None:
        self.kept.stream[layer] = self.reduce(args[self.model.site.argument], None)

    def activated(
        self, layer: int, epsilon: float | None, _module: nn.Module, args: tuple[Tensor, ...], output: Tensor
    ) -> None:
        self.kept.activations[layer] = _coefficients(args, output, epsilon, self.reduce)

    def left(self, layer: int, _module: nn.Module, _args: tuple[Tensor, ...], output: Output) -> None:
        self.kept.states[layer + 1] = self.reduce(_first(output), None)
        if self.model.parallel:
            self.kept.stream[layer] = self.kept.states[layer] + self.attention.pop(layer)


@contextmanager
def read(model: LanguageModel, layers: Sequence[int] | None = None, reduce: Reduce = everything) -> Iterator[Capture]:
    """Capture what passes through the given layers (all, if None) of each forward pass made inside the `with`."""
    recorder = _Recorder(model, reduce)
    wanted = range(model.layers) if layers is None else sorted(set(layers))
    with ExitStack() as on_exit:
        for layer in wanted:
            for handle in recorder.attach(layer, first=layer - 1 not in wanted):
                on_exit.callback(handle.remove)
        yield recorder.kept


@contextmanager
def read_neurons(
    model: LanguageModel, neurons: Mapping[int, Int[Tensor, "n"]], reduce: Reduce = everything
) -> Iterator[dict[int, Tensor]]:
    """Capture the write coefficients of chosen neurons only, by layer, in the order given."""
    kept: dict[int, Tensor] = {}

    def reading(layer: int, chosen: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        epsilon = model.rms_epsilon(layer)

        def hook(_module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
            kept[layer] = _coefficients(args, output, epsilon, reduce, chosen)

        return hook

    with ExitStack() as on_exit:
        for layer, chosen in neurons.items():
            hook = reading(layer, checked(model, layer, chosen))
            on_exit.callback(model.inside(layer, model.site.down).register_forward_hook(hook).remove)
        yield kept


@contextmanager
def change(
    model: LanguageModel,
    neurons: Mapping[int, Int[Tensor, "n"]],
    new_value: NewValue,
    positions: Bool[Tensor, "#b #t"] | None = None,
) -> Iterator[None]:
    """Give chosen neurons of each layer other activations in every forward pass made inside the `with`.

    `new_value` is a tensor that broadcasts to [b, t, n], or a function of the layer and the present activations
    [b, t, n]; it replaces the input of the down projection (before the 1/rms of a norm behind it). `positions`
    broadcasts to [b, t] and says where: [b, 1] picks rows of the batch, whatever their length. Changes nest.
    """

    def changing(layer: int, chosen: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
        def hook(_module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            present = args[0].index_select(-1, chosen)
            new = new_value.to(present) if isinstance(new_value, Tensor) else new_value(layer, present).to(present)
            if positions is not None:
                new = torch.where(positions.to(present.device)[..., None], new, present)
            return (args[0].index_copy(-1, chosen, new.expand_as(present)), *args[1:])

        return hook

    with ExitStack() as on_exit:
        for layer, chosen in neurons.items():
            hook = changing(layer, checked(model, layer, chosen))
            on_exit.callback(model.inside(layer, model.site.down).register_forward_pre_hook(hook).remove)
        yield


def checked(model: LanguageModel, layer: int, chosen: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
    """The indices on the model's device; on a GPU an index out of range would end the process, not raise."""
    if not 0 <= layer < model.layers:
        raise BadInput(f"There is no layer {layer}; the model has the layers 0 to {model.layers - 1}.")
    if chosen.numel() and not (int(chosen.min()) >= 0 and int(chosen.max()) < model.neurons):
        raise BadInput(f"Layer {layer} has the neurons 0 to {model.neurons - 1:,}; one asked for is not there.")
    return chosen.to(model.device, torch.long)
