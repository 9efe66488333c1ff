"""Writing with neurons changed against its definitions: value vectors zeroed by hand, and no cache at all."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from app.contracts.interventions import Positions, Sampling
from tests.worker.tiny_models import ARCHITECTURES, make_tiny
from worker.model.edits import Neurons, RowEdits
from worker.model.forcing import forced_states
from worker.model.generation import Writing
from worker.model.hooks import change
from worker.model.language_model import LanguageModel
from worker.model.prompts import pieces_of
from worker.numerics.sampling import draws, pick

CHOSEN: Neurons = {0: torch.arange(0, 48, 2), 2: torch.arange(0, 48, 3)}  # many: every tiny model's text changes
CONTROL: Neurons = {0: torch.arange(1, 48, 2), 2: torch.arange(1, 48, 3)}
POSITIONS: tuple[Positions, ...] = ("prompt_last", "prompt", "prompt_but_first", "generated", "all")
NEW = 8


def zeros(_layer: int, _neurons: Tensor) -> Callable[[Tensor], Tensor]:
    return torch.zeros_like


def written(
    model: LanguageModel, prompts: list[list[int]], rows: list[Neurons], positions: Positions, new: int = NEW
) -> Writing:
    edits = RowEdits.of(model, rows, zeros)
    writing = Writing(model, prompts, edits, positions, Sampling(max_new_tokens=new), [0] * len(rows))
    for _ in writing.steps():
        pass
    return writing


def prompt_of(model: LanguageModel, text: str = "The cat sleeps on") -> list[int]:
    ids: list[int] = model.tokenizer(text)["input_ids"]
    return ids


@torch.no_grad()
def greedily(model: LanguageModel, prompt: list[int]) -> list[int]:
    """The definition: the likeliest token of a whole forward pass, again and again."""
    ids = list(prompt)
    for _ in range(NEW):
        token = int(model.network(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax())
        if token == model.tokenizer.eos_token_id:
            break
        ids.append(token)
    return ids[len(prompt) :]


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_zeroed_neurons_are_a_model_without_their_value_vectors(architecture: str) -> None:
    """Logits within 1e-4 and the same tokens; a batch of three rows is three batches of one."""
    model, by_hand = make_tiny(architecture), make_tiny(architecture)
    with torch.no_grad():
        for layer, neurons in CHOSEN.items():
            by_hand._stored_vectors(layer)[neurons] = 0
    prompt = prompt_of(model)
    rows: list[Neurons] = [{}, CHOSEN, CONTROL]
    together = written(model, [prompt] * 3, rows, "all")
    assert together.tokens[0] == greedily(model, prompt)
    assert together.tokens[1] == greedily(by_hand, prompt)
    assert [written(model, [prompt], [row], "all").tokens[0] for row in rows] == together.tokens
    edits = RowEdits.of(model, rows, zeros)
    text = together.tokens[1]
    normal, states, _ = forced_states(model, prompt, text, edits, "all", 4).last
    assert float((model.unembed(normal) - model.unembed(states)).abs().max()) > 0.01  # or nothing was tested
    with torch.no_grad():
        logits = by_hand.network(input_ids=torch.tensor([[*prompt, *text[:-1]]]), use_cache=False).logits[0]
    torch.testing.assert_close(model.unembed(states), logits[len(prompt) - 1 :].float(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("architecture", ["llama", "gemma2", "bloom"])
def test_positions_are_those_of_a_pass_over_the_whole_text(architecture: str, positions: Positions) -> None:
    model = make_tiny(architecture)
    prompt, ids = prompt_of(model), prompt_of(model)
    last = len(prompt) - 1
    for _ in range(NEW):
        where = torch.tensor(
            [
                {
                    "prompt_last": place == last,
                    "prompt": place <= last,
                    "prompt_but_first": 0 < place <= last,
                    "generated": place > last,
                    "all": True,
                }[positions]
                for place in range(len(ids))
            ]
        )[None]
        with torch.no_grad(), change(model, CHOSEN, torch.tensor(0.0), where):
            token = int(model.network(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax())
        if token == model.tokenizer.eos_token_id:
            break
        ids.append(token)
    assert written(model, [prompt, prompt], [CHOSEN, {}], positions).tokens[0] == ids[len(prompt) :]


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "bloom", "gemma2"])
def test_prompts_of_unlike_lengths_are_padded_on_the_left(architecture: str) -> None:
    model = make_tiny(architecture)
    prompts = [prompt_of(model, text) for text in ("The", "The cat sleeps on the warm stone", "Where does")]
    rows: list[Neurons] = [CHOSEN, {}, CONTROL]
    for positions in ("prompt_but_first", "prompt_last", "all"):
        together = written(model, prompts, rows, positions)
        for prompt, row, found in zip(prompts, rows, together.tokens, strict=True):
            assert written(model, [prompt], [row], positions).tokens[0] == found


def test_the_edit_norm_is_the_change_of_the_stream() -> None:
    """One layer: the block's output with and without the change, at the same input; with a norm behind the MLP too."""
    for architecture in ("llama", "gemma2", "granite"):
        model = make_tiny(architecture, layers=1)
        row: Neurons = {0: torch.tensor([2, 9, 30])}
        prompt, text = prompt_of(model), [5, 6, 7]
        edits = RowEdits.of(model, [row], zeros)
        changed = forced_states(model, prompt, text, edits, "all", 9).levels[1, 0]
        measured = edits.norms[0][len(prompt) - 1 :]
        plain = forced_states(model, prompt, text, RowEdits.of(model, [{}], zeros), "all", 9).levels[1, 0]
        torch.testing.assert_close(measured, (changed - plain).norm(dim=-1), rtol=1e-3, atol=1e-4)


def test_rows_of_a_sample_share_their_numbers_and_the_nucleus_is_kept() -> None:
    numbers = draws(7, [0, 0, 3], 5)
    assert torch.equal(numbers[0], numbers[1])
    assert not torch.equal(numbers[0], numbers[2])
    assert torch.equal(numbers[2], draws(10, [0], 5)[0])
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()[None]
    every = torch.linspace(0, 0.9999, 2000)[:, None]
    found = torch.cat([pick(logits, 1.0, 0.8, number) for number in every])
    assert found.bincount(minlength=4).tolist() == pytest.approx([1250, 750, 0, 0], abs=2)
    assert pick(logits, 0, 1.0, every[-1]).item() == 0
    assert pick(logits, 1.0, 1.0, torch.tensor([0.99])).item() == 3


@pytest.mark.parametrize("text", [" 猫は暖かい石の上で眠る。", "Ein schläfriger Kater, é", "😀👩‍👩‍👧 고양이"])
def test_pieces_joined_are_the_text(text: str) -> None:
    tokenizer = make_tiny("llama").tokenizer
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert "".join(pieces_of(tokenizer, ids)) == text
    cut = "".join(pieces_of(tokenizer, ids[:-1])).rstrip("\ufffd")
    assert text.startswith(cut)
