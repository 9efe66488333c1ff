"""Rows with changed neurons against models whose value vectors are zeroed by hand."""

import copy

import pytest
import torch

from app.contracts.interventions import Positions
from tests.worker.tiny_models import make_tiny
from worker.model.asking import continue_greedily
from worker.model.edits import RowEdits, alike
from worker.model.hooks import change
from worker.model.language_model import LanguageModel
from worker.model.loading import load

ROWS = [{}, {0: torch.tensor([1, 5]), 2: torch.tensor([7])}, {1: torch.tensor([0, 2, 3])}]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> LanguageModel:
    return load(str(make_tiny("llama", tmp_path_factory.mktemp("rows") / "model")), device="cpu")


def zero(_layer, _neurons):
    return torch.zeros_like


def by_hand(model: LanguageModel, neurons, ids: list[int], tokens: int) -> list[int]:
    """Greedy tokens of a copy whose value vectors are zero, one whole forward pass a token."""
    network = copy.deepcopy(model.network)
    for layer, chosen in neurons.items():
        network.model.layers[layer].mlp.down_proj.weight.data[:, chosen] = 0
    found = list(ids)
    for _ in range(tokens):
        with torch.no_grad():
            found.append(int(network(input_ids=torch.tensor([found])).logits[0, -1].argmax()))
    return found[len(ids) :]


def test_every_row_is_what_a_model_changed_by_hand_writes(model, monkeypatch):
    monkeypatch.setattr("worker.model.generation.end_tokens", lambda _: frozenset())
    ids = [5, 9, 2, 11]
    edits = RowEdits.of(model, ROWS, zero)
    written = continue_greedily(model, ids, edits, "all", 6)
    assert written == [model.tokenizer.decode(by_hand(model, row, ids, 6), skip_special_tokens=True) for row in ROWS]
    assert [edits.count_reached(row) for row in range(3)] == [0, 3, 3]


def test_positions_that_touch_nothing_change_nothing_and_reach_nothing(model):
    cases: list[tuple[list[int], Positions]] = [([5], "prompt_but_first"), ([5, 9, 2], "generated")]
    for ids, positions in cases:  # the first token is written behind the prompt's
        edits = RowEdits.of(model, [{}, ROWS[1]], zero)
        plain, changed = continue_greedily(model, ids, edits, positions, 1)
        assert changed == plain
        assert edits.count_reached(1) == 0


def test_alike_changes_every_row_of_any_batch(model):
    ids = torch.tensor([[5, 9, 2, 11], [3, 3, 8, 1]])
    with torch.no_grad(), change(model, ROWS[1], alike(model, ROWS[1], zero)):
        together = model.network(input_ids=ids).logits
    edits = RowEdits.of(model, [ROWS[1]], zero)
    for row in range(2):
        with torch.no_grad(), edits.over_text([(0, 4)]):
            assert torch.allclose(together[row], model.network(input_ids=ids[row : row + 1]).logits[0], atol=1e-5)
