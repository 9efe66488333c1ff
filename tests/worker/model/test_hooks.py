"""Reading and changing: what is kept, what is edited, and what is refused."""

import pytest
import torch

from app.errors import BadInput
from tests.worker.tiny_models import make_tiny
from worker.model.hooks import change, read, read_neurons

IDS = torch.arange(2, 22).reshape(2, 10)


def test_what_is_kept_is_float32_and_its_own_memory() -> None:
    model = make_tiny("llama")
    with read(model) as kept:
        model.base(input_ids=IDS)
    first = kept.states[1].clone()
    with torch.no_grad():
        model.network.model.embed_tokens.weight.zero_()
    model.base(input_ids=IDS)
    assert torch.equal(kept.states[1], first)
    assert all(values.dtype == torch.float32 for values in (*kept.stream.values(), *kept.activations.values()))


def test_bfloat16_models_are_read_in_float32() -> None:
    model = make_tiny("llama")
    model.network.bfloat16()
    with read(model) as kept:
        model.base(input_ids=IDS)
    assert kept.activations[0].dtype == kept.states[0].dtype == torch.float32
    assert model.value_vectors(0).dtype == torch.float32


def test_a_block_that_adds_in_place_does_not_reach_what_was_kept() -> None:
    model = make_tiny("llama")
    with read(model) as clean:
        model.base(input_ids=IDS)

    def spoil(_module: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        args[0].add_(1.0)

    model.blocks[1].register_forward_pre_hook(spoil)
    with read(model, layers=[0]) as kept, torch.no_grad():
        model.base(input_ids=IDS)
    assert torch.equal(kept.states[1], clean.states[1])


def test_change_only_at_the_positions_asked_for() -> None:
    model = make_tiny("llama")
    chosen = {1: torch.tensor([4, 9])}
    positions = torch.zeros(2, 10, dtype=torch.bool)
    positions[1, 3] = True
    with read_neurons(model, chosen) as before:
        model.base(input_ids=IDS)
    before = {layer: values.clone() for layer, values in before.items()}
    with change(model, chosen, torch.tensor([7.0, -7.0]), positions), read_neurons(model, chosen) as after:
        model.base(input_ids=IDS)
    assert torch.equal(after[1][1, 3], torch.tensor([7.0, -7.0]))
    rest = ~positions
    assert torch.equal(after[1][rest], before[1][rest])


def test_rows_of_one_batch_take_different_changes() -> None:
    model = make_tiny("gpt2")
    ids = IDS[:1].expand(3, -1)
    one, other = {0: torch.tensor([1, 2])}, {2: torch.tensor([3])}
    zero = torch.tensor(0.0)
    rows = torch.eye(3, dtype=torch.bool)
    with change(model, one, zero, rows[:, [1]]), change(model, other, zero, rows[:, [2]]):
        together = model.network(input_ids=ids).logits
    plain = model.network(input_ids=ids[:1]).logits
    with change(model, one, zero):
        first = model.network(input_ids=ids[:1]).logits
    with change(model, other, zero):
        second = model.network(input_ids=ids[:1]).logits
    torch.testing.assert_close(together, torch.cat([plain, first, second]), rtol=1e-4, atol=1e-5)


def test_a_function_sees_layer_and_present_values() -> None:
    model = make_tiny("llama")
    chosen = {0: torch.tensor([1]), 2: torch.tensor([5, 6])}
    with read_neurons(model, {0: chosen[0]}) as before:
        model.base(input_ids=IDS)
    seen: list[int] = []

    def doubled(layer: int, present: torch.Tensor) -> torch.Tensor:
        seen.append(layer)
        return 2 * present

    with change(model, chosen, doubled), read_neurons(model, {0: chosen[0]}) as after:
        expected = 2 * before[0].clone()
        model.base(input_ids=IDS)
    assert seen == [0, 2]
    assert torch.equal(after[0], expected)


def test_zero_replaces_what_is_undefined() -> None:
    model = make_tiny("llama")
    with torch.no_grad():
        model.network.model.layers[0].mlp.up_proj.weight[4] = float("nan")
    with change(model, {0: torch.tensor([4])}, torch.tensor(0.0)):
        assert model.network(input_ids=IDS).logits.isfinite().all()


@pytest.mark.parametrize("chosen", [{3: torch.tensor([0])}, {0: torch.tensor([48])}, {0: torch.tensor([-1])}])
def test_neurons_that_are_not_there_are_refused(chosen: dict[int, torch.Tensor]) -> None:
    model = make_tiny("llama")
    with pytest.raises(BadInput, match=r"no layer 3|neurons 0 to 47"), change(model, chosen, torch.tensor(0.0)):
        pass
