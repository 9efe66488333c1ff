"""Questions under several conditions in one batch: each row equals a model changed by hand, alone."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import torch

from app.contracts.interventions import Positions
from app.errors import BadInput
from tests.worker.tiny_models import make_tiny
from worker.model.asking import continuation_logprobs, continue_greedily, prompt_tokens
from worker.model.edits import Neurons, Replace, RowEdits, span_of
from worker.model.hooks import change
from worker.model.language_model import LanguageModel

PROMPT = "Where does the river end?"
CHOICES = (" In the sea.", " 猫", " x")


@pytest.fixture(scope="module")
def llama() -> LanguageModel:
    return make_tiny("llama")


@pytest.fixture(scope="module")
def neurons(llama: LanguageModel) -> Mapping[int, torch.Tensor]:
    return {layer: torch.arange(0, llama.neurons, 2) for layer in range(llama.layers)}


def by_hand(model: LanguageModel, neurons: Neurons) -> LanguageModel:
    """The same model with the value vectors zeroed in its weights."""
    network = copy.deepcopy(model.network)
    changed = LanguageModel(network, model.tokenizer)
    for layer, chosen in neurons.items():
        weight = changed.inside(layer, changed.site.down).weight
        assert isinstance(weight, torch.Tensor)
        weight.data[:, chosen] = 0
    return changed


def zero(_layer: int, _neurons: torch.Tensor) -> Replace:
    return torch.zeros_like


def rows(model: LanguageModel, neurons: Neurons) -> RowEdits:
    return RowEdits.of(model, [{}, neurons, {0: torch.tensor([1, 3])}], zero)


def slow_logprob(model: LanguageModel, prompt: str, continuation: str) -> float:
    start, ids = len(prompt_tokens(model, prompt, 0)), prompt_tokens(model, prompt + continuation, 0)
    logits = model.network(torch.tensor([ids])).logits[0].double()
    return float(sum(torch.log_softmax(logits[place - 1], 0)[ids[place]] for place in range(start, len(ids))))


def test_rows_go_on_as_models_changed_by_hand(llama: LanguageModel, neurons: Neurons) -> None:
    ids = prompt_tokens(llama, PROMPT, 8)
    together = continue_greedily(llama, ids, rows(llama, neurons), "all", 8)
    for model, text in zip((llama, by_hand(llama, neurons)), together, strict=False):
        start = torch.tensor([ids])
        network: Any = model.network  # the protocol that `generate` asks for, no typed model meets
        # Without the mask, tokens that look like padding would not be read.
        out = network.generate(start, attention_mask=torch.ones_like(start), max_new_tokens=8, do_sample=False)
        assert text == llama.tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True)


def test_only_the_asked_positions_are_changed(llama: LanguageModel, neurons: Neurons) -> None:
    """The first token written depends on the prompt alone: `generated` leaves it, `prompt_last` may not."""
    ids = prompt_tokens(llama, PROMPT, 4)
    choices: tuple[Positions, ...] = ("generated", "prompt", "all")
    texts = {name: continue_greedily(llama, ids, rows(llama, neurons), name, 1) for name in choices}
    assert texts["generated"][1] == texts["generated"][0]
    assert texts["prompt"] == texts["all"]
    last = torch.arange(len(ids)) == len(ids) - 1
    with change(llama, neurons, torch.zeros(1), last[None]):
        expected = int(llama.network(torch.tensor([ids])).logits[0, -1].argmax())
    found = continue_greedily(llama, ids, rows(llama, neurons), "prompt_last", 1)[1]
    assert found == llama.tokenizer.decode([expected], skip_special_tokens=True)


def test_log_likelihoods_are_sums_over_the_continuation(llama: LanguageModel, neurons: Neurons) -> None:
    found = continuation_logprobs(llama, PROMPT, CHOICES, rows(llama, neurons), "all")
    for column, choice in enumerate(CHOICES):
        assert float(found[0, column]) == pytest.approx(slow_logprob(llama, PROMPT, choice), abs=1e-4)
        assert float(found[1, column]) == pytest.approx(slow_logprob(by_hand(llama, neurons), PROMPT, choice), abs=1e-4)
    untouched = continuation_logprobs(llama, PROMPT, CHOICES, RowEdits.of(llama, [{}, {}], zero), "all")
    assert torch.allclose(found[0], untouched[1], atol=1e-5)


def test_a_row_that_is_enough_ends_and_the_others_go_on(llama: LanguageModel, neurons: Neurons) -> None:
    ids = prompt_tokens(llama, PROMPT, 8)
    whole = continue_greedily(llama, ids, rows(llama, neurons), "all", 8)
    assert len({len(text) for text in whole}) > 1
    least = min(map(len, whole))
    cut = continue_greedily(llama, ids, rows(llama, neurons), "all", 8, lambda text: len(text) >= least)
    for text, short in zip(whole, cut, strict=True):
        assert text.startswith(short)
        assert len(short) >= least
    assert sum(map(len, cut)) < sum(map(len, whole))


def test_spans() -> None:
    expected = {
        "prompt_last": "00100",
        "prompt": "11100",
        "prompt_but_first": "01100",
        "generated": "00011",
        "all": "11111",
    }
    for positions, bits in expected.items():
        start, stop = span_of(positions, 3, 5)  # type: ignore[arg-type]
        assert "".join("1" if start <= place < stop else "0" for place in range(5)) == bits


def test_a_prompt_that_is_too_long_is_a_sentence(llama: LanguageModel) -> None:
    with pytest.raises(BadInput, match="more than the"):
        prompt_tokens(llama, PROMPT * 20, 1)
