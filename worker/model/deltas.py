"""Trainable changes of a few neurons, laid over a model that itself never changes."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from safetensors.torch import save
from torch import Tensor, nn

from app.errors import BadInput
from worker.model.language_model import LanguageModel

Projection = tuple[nn.Module, int]  # a linear module whose output holds the neurons, and where they begin in it


@dataclass(frozen=True)
class Delta:
    """Changes of the neurons of some layers, as the weights are stored.

    `values[l]` is added to the columns of the down projection; `rows[l]` to the rows of each projection that feeds it
    (gate and up), if those are trained too. float32.
    """

    neurons: Mapping[int, Int[Tensor, "n"]]
    values: Mapping[int, Float[Tensor, "n hidden"]]
    rows: Mapping[int, tuple[Float[Tensor, "n hidden"], ...]]

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Every trained tensor by a name that a file can hold."""
        named = {f"layer.{layer}.value_vectors": values for layer, values in self.values.items()}
        for layer, rows in self.rows.items():
            named |= {f"layer.{layer}.input_rows.{place}": row for place, row in enumerate(rows)}
        return named


def file_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file, the same bytes for the same content: the library writes metadata in an order of chance."""
    data = save(dict(tensors), dict(metadata))
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[begin:]


def zero_delta(model: LanguageModel, neurons: Mapping[int, Int[Tensor, "n"]], *, rows: bool) -> Delta:
    """No change yet, ready to be trained; raises BadInput when rows are asked of a layout that has none to be found."""

    def zeros(count: int, columns: int) -> Tensor:
        return torch.zeros(count, columns, device=model.device).requires_grad_()

    # Every projection into the neurons reads the stream, whose width is the hidden size.
    count = {layer: len(input_projections(model, layer)) if rows else 0 for layer in neurons}
    return Delta(
        {layer: chosen.to(model.device, torch.long) for layer, chosen in neurons.items()},
        {layer: zeros(len(chosen), model.hidden_size) for layer, chosen in neurons.items()},
        {
            layer: tuple(zeros(len(chosen), model.hidden_size) for _ in range(count[layer]))
            for layer, chosen in neurons.items()
            if rows
        },
    )


def input_projections(model: LanguageModel, layer: int) -> list[Projection]:
    """The linear modules beside the down projection that put out one number a neuron, or two when gate and up are one.

    Raises BadInput when none is there.
    """
    parent, _, name = model.site.down.rpartition(".")
    found: list[Projection] = []
    for at, module in model.inside(layer, parent).named_children():
        weight: Tensor | None = getattr(module, "weight", None)
        if at == name or weight is None or weight.dim() != 2:
            continue
        outputs, inputs = (weight.shape[1], weight.shape[0]) if model.site.conv1d else tuple(weight.shape)
        if inputs == model.hidden_size and outputs in (model.neurons, 2 * model.neurons):
            found += [(module, start) for start in range(0, outputs, model.neurons)]
    if not found:
        raise BadInput(f"{model.architecture} does not show which rows feed its neurons; train the value vectors only.")
    return found


@contextmanager
def applied(model: LanguageModel, delta: Delta) -> Iterator[None]:
    """Every forward pass inside the `with` runs as if the changes were in the weights; gradients reach them."""
    with ExitStack() as on_exit:
        for layer, chosen in delta.neurons.items():
            down = model.inside(layer, model.site.down)
            on_exit.callback(down.register_forward_hook(_writing(chosen, delta.values[layer])).remove)
            if layer in delta.rows:
                for (module, start), row in zip(input_projections(model, layer), delta.rows[layer], strict=True):
                    on_exit.callback(module.register_forward_hook(_feeding(chosen + start, row)).remove)
        yield


def _writing(chosen: Tensor, values: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def hook(_module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return output + args[0].index_select(-1, chosen) @ values.to(output.dtype)

    return hook


def _feeding(places: Tensor, rows: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def hook(_module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return output.index_add(-1, places, args[0] @ rows.T.to(output.dtype))

    return hook


@torch.no_grad()
def relative_change(model: LanguageModel, delta: Delta) -> float:
    """Length of all changes of value vectors over the length of the value vectors they change."""
    changed = torch.stack([values.square().sum() for values in delta.values.values()]).sum()
    before = torch.stack(
        [model.stored_vectors(layer, chosen).square().sum() for layer, chosen in delta.neurons.items()]
    ).sum()
    return float((changed / before.clamp_min(1e-30)).sqrt())
