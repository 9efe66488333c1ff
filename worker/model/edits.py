"""Neurons changed in the rows of a batch, each row its own: laid out once, before the first token."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from app.contracts.interventions import Positions
from worker.model.hooks import NewValue, checked
from worker.model.language_model import LanguageModel

Neurons = Mapping[int, Int[Tensor, "n"]]  # by layer; empty for a row that stays as it is
Span = tuple[int, int]  # tokens from, to (not included)
Replace = Callable[[Tensor], Tensor]  # activations [..., n] -> what they are replaced by
# Layer and neurons [n] -> how their activations are replaced; neurons may come twice, for two rows.
MakeReplace = Callable[[int, Int[Tensor, "n"]], Replace]


def span_of(positions: Positions, prompt: int, total: int) -> Span:
    """Which of `total` tokens are changed, the first `prompt` of which are the prompt's and the others generated.

    Whatever the choice, the places lie side by side; an empty span where there is none.
    """
    spans: dict[Positions, Span] = {
        "prompt_last": (prompt - 1, prompt),
        "prompt": (0, prompt),
        "prompt_but_first": (min(1, prompt), prompt),
        "generated": (prompt, total),
        "all": (0, total),
    }
    return spans[positions]


@dataclass(frozen=True)
class _Part:
    """What one row changes in one layer."""

    row: int
    neurons: Int[Tensor, "n"]
    replace: Replace


@dataclass
class RowEdits:
    """The changes of every row of a batch, and what they have reached so far.

    `reached[row]` are the layers whose neurons were replaced at one place at least; `norms[row]`, when measured, the
    change of the stream at each place of the last `over_text`, summed over layers.
    """

    model: LanguageModel
    rows: int
    parts: dict[int, list[_Part]]  # by layer
    reached: list[set[int]]
    flat: dict[int, tuple[Int[Tensor, "n"], Replace]]  # by layer: places in [rows * F], for one token a row
    norms: list[Float[Tensor, "place"]] = field(default_factory=list)

    @classmethod
    def of(cls, model: LanguageModel, rows: Sequence[Neurons], make: MakeReplace) -> "RowEdits":
        """Lay the changes out on the model's device. Raises BadInput for a neuron that is not there."""
        parts: dict[int, list[_Part]] = {}
        for row, neurons in enumerate(rows):
            for layer, chosen in sorted(neurons.items()):
                if len(chosen):
                    here = checked(model, layer, chosen)
                    parts.setdefault(layer, []).append(_Part(row, here, make(layer, here)))
        flat = {}
        for layer, found in parts.items():
            places = torch.cat([part.row * model.neurons + part.neurons for part in found])
            flat[layer] = (places, make(layer, torch.cat([part.neurons for part in found])))
        return cls(model, len(rows), parts, [set() for _ in rows], flat)

    @contextmanager
    def over_text(self, spans: Sequence[Span], *, measure: bool = False) -> Iterator[None]:
        """Inside, every forward pass over whole texts has row i changed at its tokens spans[i]."""
        self.norms = [torch.zeros(max(stop - start, 0), device=self.model.device) for start, stop in spans]

        def changing(layer: int, parts: list[_Part]) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
            def hook(down: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
                changed = args[0].clone()
                for part in parts:
                    here = slice(*spans[part.row])
                    old = args[0][part.row, here]
                    present = old.index_select(-1, part.neurons)
                    if not len(present):
                        continue
                    new = part.replace(present).to(present).expand_as(present)
                    changed[part.row, here] = old.index_copy(-1, part.neurons, new)
                    self.reached[part.row].add(layer)
                    if measure:
                        self.norms[part.row] += self._length(layer, part.neurons, down, old, changed[part.row, here])
                return (changed, *args[1:])

            return hook

        with self._hooked({layer: changing(layer, parts) for layer, parts in self.parts.items()}):
            yield

    @contextmanager
    def over_tokens(self) -> Iterator[None]:
        """Inside, every forward pass over one more token a row has that token changed in every row."""

        def changing(layer: int) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
            places, replace = self.flat[layer]
            rows = {part.row for part in self.parts[layer]}

            def hook(_down: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
                flat = args[0].reshape(-1)
                present = flat.index_select(0, places)
                new = replace(present).to(present).expand_as(present)
                for row in rows:
                    self.reached[row].add(layer)
                return (flat.index_copy(0, places, new).view(args[0].shape), *args[1:])

            return hook

        with self._hooked({layer: changing(layer) for layer in self.flat}):
            yield

    @contextmanager
    def _hooked(self, hooks: Mapping[int, Callable[..., tuple[Tensor, ...]]]) -> Iterator[None]:
        with ExitStack() as on_exit:
            for layer, hook in hooks.items():
                down = self.model.inside(layer, self.model.site.down)
                on_exit.callback(down.register_forward_pre_hook(hook).remove)
            yield

    def _length(
        self, layer: int, neurons: Tensor, down: nn.Module, old: Float[Tensor, "t F"], new: Float[Tensor, "t F"]
    ) -> Tensor:
        """[t] How far the change moves the stream at each token: |writes after - writes before|."""
        model = self.model
        if model.site.post_norm:  # not linear: the norm behind the MLP sees all neurons at once
            norm = model.inside(layer, model.site.post_norm)
            moved: Tensor = norm(down.forward(new)).float() - norm(down.forward(old)).float()
            length: Tensor = torch.linalg.vector_norm(moved, dim=-1)
            return length * model.residual_multiplier
        delta = (new - old).index_select(-1, neurons).float()
        written: Tensor = delta @ model.value_vectors(layer).index_select(0, neurons)
        found: Tensor = torch.linalg.vector_norm(written, dim=-1)
        return found

    def count_reached(self, row: int) -> int:
        """How many neurons of the row were replaced at one place at least."""
        return sum(
            len(part.neurons)
            for layer, parts in self.parts.items()
            for part in parts
            if part.row == row and layer in self.reached[row]
        )


def alike(model: LanguageModel, neurons: Neurons, make: MakeReplace) -> NewValue:
    """The same replacement for every row of any batch, as `hooks.change` takes it."""
    replaces = {layer: make(layer, chosen.to(model.device)) for layer, chosen in neurons.items()}
    return lambda layer, present: replaces[layer](present)
