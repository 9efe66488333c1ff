"""lm-evaluation-harness on our model: its own numbers, or under an intervention those of a model cut by hand."""

import warnings
from typing import Any

import pytest
import torch

from tests.worker.model.test_asking import CHOICES, PROMPT, by_hand, zero
from tests.worker.tiny_models import make_tiny
from worker.model.asking import continuation_logprobs
from worker.model.edits import RowEdits
from worker.model.language_model import LanguageModel

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of libraries that the harness brings along
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    from worker.model.harness import ChangedLM, prompt_places

SHORT = "The cat"
pytestmark = pytest.mark.filterwarnings("ignore")  # the harness and transformers warn of each other


@pytest.fixture(scope="module")
def llama() -> LanguageModel:
    return make_tiny("llama")


@pytest.fixture(scope="module")
def neurons(llama: LanguageModel) -> dict[int, torch.Tensor]:
    return {layer: torch.arange(0, llama.neurons, 2) for layer in range(llama.layers)}


def rankings() -> list[Any]:
    pairs = [(prompt, choice) for prompt in (PROMPT, SHORT) for choice in CHOICES]
    return [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(pairs)]


def writings() -> list[Any]:
    asked = {"until": ["\n"], "max_gen_toks": 6, "do_sample": False}
    return [Instance("generate_until", {}, (prompt, asked), number) for number, prompt in enumerate((PROMPT, SHORT))]


def numbers(lm: Any) -> tuple[list[float], list[str]]:
    ranked = [value for value, _ in lm.loglikelihood(rankings(), disable_tqdm=True)]
    return ranked, lm.generate_until(writings(), disable_tqdm=True)


def own(model: LanguageModel, batch: int = 1) -> Any:
    return HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=batch)


@pytest.mark.parametrize("batch", [1, 4])
def test_without_an_intervention_nothing_differs(llama: LanguageModel, batch: int) -> None:
    theirs, ours = numbers(own(llama, batch)), numbers(ChangedLM(llama, {}, "all", batch_size=batch))
    assert ours == theirs, "to the last bit"


@pytest.mark.parametrize("batch", [1, 4])
def test_everywhere_is_a_model_cut_by_hand(llama: LanguageModel, neurons: dict[int, torch.Tensor], batch: int) -> None:
    cut = numbers(own(by_hand(llama, neurons), batch))
    ranked, written = numbers(ChangedLM(llama, neurons, "all", batch_size=batch))
    assert ranked == pytest.approx(cut[0], abs=1e-4)
    assert written == cut[1]


@pytest.mark.parametrize("positions", ["prompt_last", "prompt", "prompt_but_first", "generated"])
def test_positions_are_ours(llama: LanguageModel, neurons: dict[int, torch.Tensor], positions: Any) -> None:
    ranked, _ = numbers(ChangedLM(llama, neurons, positions, batch_size=4))
    asked = RowEdits.of(llama, [neurons], zero)
    expected = [
        value
        for prompt in (PROMPT, SHORT)
        for value in continuation_logprobs(llama, prompt, CHOICES, asked, positions)[0].tolist()
    ]
    assert ranked == pytest.approx(expected, abs=1e-4)


def test_padding_on_the_left_is_no_prompt() -> None:
    real = torch.tensor([[False, False, True, True], [True, True, True, True]])
    assert prompt_places("prompt_but_first", real).tolist() == [[False, False, False, True], [False, True, True, True]]
    assert prompt_places("prompt_last", real).tolist() == [[False, False, False, True]] * 2
    assert torch.equal(prompt_places("prompt", real), real)
    assert not prompt_places("generated", real).any()
