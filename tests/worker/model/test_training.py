"""Trained changes act as if they were in the weights, and training goes on exactly where it was stopped."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from app.errors import BadInput
from tests.worker.tiny_models import make_tiny
from worker.model.batches import tokenise
from worker.model.deltas import Delta, applied, file_bytes, input_projections, relative_change, zero_delta
from worker.model.language_model import LanguageModel
from worker.model.training import Trainer, sentence_losses, training_batches

TEXTS = ["The cat sleeps on the stone.", "Where does the river end?", "猫は石の上で眠る。", "She reads a book.", "Ja."]
CHOSEN = {0: torch.tensor([3, 40]), 2: torch.tensor([0, 7, 47])}


def random_delta(model: LanguageModel, *, rows: bool) -> Delta:
    delta = zero_delta(model, CHOSEN, rows=rows)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in delta.tensors.values():
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
    return delta


def with_weights_changed(model: LanguageModel, delta: Delta) -> LanguageModel:
    """The definition: the same changes written into a copy of the weights, neuron by neuron."""
    other = LanguageModel(copy.deepcopy(model.network), model.tokenizer, site=model.site)
    conv = model.site.conv1d
    with torch.no_grad():
        for layer, chosen in delta.neurons.items():
            down = other.inside(layer, other.site.down).get_parameter("weight")
            for place, neuron in enumerate(chosen.tolist()):
                (down[neuron] if conv else down[:, neuron]).add_(delta.values[layer][place])
            for (module, start), rows in zip(input_projections(other, layer), delta.rows.get(layer, ()), strict=False):
                weight = module.get_parameter("weight")
                for place, neuron in enumerate(chosen.tolist()):
                    at = start + neuron
                    (weight[:, at] if conv else weight[at]).add_(rows[place])
    return other


def logits(model: LanguageModel) -> Tensor:
    ids = torch.tensor([tokenise(model, TEXTS[:1])[0].ids])
    with torch.no_grad():
        found: Tensor = model.network(input_ids=ids).logits
    return found


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "phi3", "gemma2", "bloom", "phi", "granite"])
@pytest.mark.parametrize("rows", [False, True])
def test_changes_act_as_if_they_were_in_the_weights(architecture: str, rows: bool) -> None:
    model = make_tiny(architecture)
    plain, delta = logits(model), random_delta(model, rows=rows)
    expected = logits(with_weights_changed(model, delta))
    with applied(model, delta):
        found = logits(model)
    assert (found - expected).abs().max() <= 1e-4
    assert (found - plain).abs().max() > 1e-2
    assert torch.equal(logits(model), plain)


def test_a_sentence_s_loss_is_the_sum_over_its_own_tokens() -> None:
    model = make_tiny()
    sentences = tokenise(model, TEXTS)
    found = sentence_losses(model, sentences, batch_tokens=64)
    for row, sentence in enumerate(sentences):
        with torch.no_grad():
            scores = model.network(input_ids=torch.tensor([sentence.ids])).logits[0].double().log_softmax(-1)
        slow = -sum(float(scores[place, token]) for place, token in enumerate(sentence.ids[1:]))
        assert float(found.sums[row]) == pytest.approx(slow, rel=1e-5)
        assert int(found.tokens[row]) == len(sentence.ids) - 1


def trained(model: LanguageModel, spans: list[range]) -> Trainer:
    """A trainer that was taken apart and put together again between the spans of steps."""
    sentences = tokenise(model, TEXTS)
    trainer = Trainer(model, zero_delta(model, CHOSEN, rows=True), 0.01)
    for span in spans:
        state = trainer.state()
        trainer = Trainer(model, zero_delta(model, CHOSEN, rows=True), 0.01)
        trainer.load(state)
        for batch in training_batches(model, sentences, 24, span, seed=5):
            trainer.step(batch)
    return trainer


def test_training_lowers_the_loss_and_goes_on_exactly() -> None:
    model = make_tiny()
    before = sentence_losses(model, tokenise(model, TEXTS), 64)
    whole, parts = trained(model, [range(12)]), trained(model, [range(3), range(3, 4), range(4, 12)])
    for one, two in zip(whole.state().values(), parts.state().values(), strict=True):
        assert torch.equal(one, two)
    with applied(model, whole.delta):
        after = sentence_losses(model, tokenise(model, TEXTS), 64)
    assert float(after.sums.sum()) < float(before.sums.sum()) - 1
    changed = sum(float(values.detach().square().sum()) for values in whole.delta.values.values())
    old = sum(float(model.value_vectors(layer)[chosen].square().sum()) for layer, chosen in CHOSEN.items())
    assert relative_change(model, whole.delta) == pytest.approx((changed / old) ** 0.5, rel=1e-4)


def test_a_diverging_loss_is_a_sentence() -> None:
    model = make_tiny()
    trainer = Trainer(model, zero_delta(model, CHOSEN, rows=False), 1.0)
    with torch.no_grad():
        trainer.delta.values[0].fill_(float("inf"))
    batch = training_batches(model, tokenise(model, TEXTS), 64, range(1), seed=0)[0]
    with pytest.raises(BadInput, match="smaller learning rate"):
        trainer.step(batch)


def test_a_file_of_changes_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(3.0), "b": torch.ones(2, 5, dtype=torch.int32), "c": torch.zeros(0, 4)}
    metadata = {name: f"“{name}”" for name in ("format", "seed", "rate", "model", "language", "steps")}
    data = {file_bytes(tensors, metadata) for _ in range(5)} | {file_bytes(tensors, dict(reversed(metadata.items())))}
    assert len(data) == 1
    (tmp_path / "a.safetensors").write_bytes(data.pop())
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.metadata() == metadata
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in tensors.items())
