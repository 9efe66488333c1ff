"""Texts become tokens without surprises, and are read at the place asked for."""

import pytest
import torch

from app.errors import BadInput, Cancelled
from tests.worker.tiny_models import make_tiny
from worker.model.batches import batches, frame, tokenise
from worker.model.hooks import read
from worker.model.language_model import LanguageModel
from worker.model.reading import read_sentences, read_token_activations, tokens_per_second

TEXTS = ["The cat sleeps.", "猫は眠る。", "a", "Wo endet der Fluss? Sie liest jeden Abend."]


@pytest.fixture(scope="module")
def llama() -> LanguageModel:
    return make_tiny("llama")


def whole_sentence(model: LanguageModel, ids: tuple[int, ...]) -> torch.Tensor:
    """[token, hidden] states behind layer 1, by the simplest way there is."""
    with read(model) as kept, torch.no_grad():
        model.network(input_ids=torch.tensor([ids]))
    return kept.states[2][0]


def test_bos_is_counted_and_eos_is_left_out() -> None:
    from tokenizers import processors

    model = make_tiny("llama")
    assert frame(model.tokenizer) == (1, 0)
    model.tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    assert frame(model.tokenizer) == (1, 1)
    with_eos = tokenise(model, TEXTS)
    assert with_eos == tokenise(make_tiny("llama"), TEXTS)
    assert all(sentence.ids[0] == 0 and 1 not in sentence.ids for sentence in with_eos)
    assert [sentence.front for sentence in tokenise(make_tiny("gpt2"), TEXTS)] == [0] * 4


def test_batches_hold_every_sentence_once_within_the_bound(llama: LanguageModel) -> None:
    sentences = tokenise(llama, TEXTS * 5)
    made = list(batches(llama, sentences, batch_tokens=40))
    assert sorted(row for batch in made for row in batch.rows) == list(range(20))
    assert all(batch.ids.numel() <= 40 or len(batch.rows) == 1 for batch in made)
    assert len(made) > 3
    lengths = [batch.ids.shape[1] for batch in made]
    assert lengths == sorted(lengths, reverse=True)
    for batch in made:
        assert batch.mask.sum(dim=1).tolist() == [len(sentence.ids) for sentence in batch.sentences]


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_each_position_is_where_it_says(name: str) -> None:
    model = make_tiny(name)
    sentences = tokenise(model, TEXTS)
    last = read_sentences(model, TEXTS, "last", 1000)
    content = read_sentences(model, TEXTS, "last_content", 1000)
    mean = read_sentences(model, TEXTS, "mean", 1000)
    for row, sentence in enumerate(sentences):
        states = whole_sentence(model, sentence.ids)
        torch.testing.assert_close(last.states[row, 2], states[-1], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(content.states[row, 2], states[sentence.last_content], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(mean.states[row, 2], states[sentence.front :].mean(0), rtol=1e-4, atol=1e-5)
    assert not torch.equal(last.states[0], content.states[0])  # “The cat sleeps.” ends with a full stop


@pytest.mark.parametrize("name", ["llama", "gemma3", "bloom"])
def test_means_still_add_up(name: str) -> None:
    """The mean is linear: mean stream + mean coefficients @ value vectors = mean output, norm behind the MLP or not."""
    model = make_tiny(name)
    found = read_sentences(model, TEXTS, "mean", 1000)
    for layer in range(model.layers):
        bias = model.bias(layer)
        rebuilt = found.stream[:, layer] + found.activations[:, layer] @ model.value_vectors(layer)
        rebuilt = rebuilt if bias is None else rebuilt + bias
        torch.testing.assert_close(rebuilt, found.states[:, layer + 1], rtol=1e-4, atol=1e-5)


def spelled(model: LanguageModel, ids: tuple[int, ...]) -> str:
    return str(model.tokenizer.decode(list(ids)))


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("The cat sleeps.", "s"),
        ("猫は眠る。", "る"),
        ("Yes!!! ... ", "s"),
        ("Really 😀 ?", "😀"),
        ("...", "..."),
        ("नमस्ते।", "े"),
    ],
)
def test_last_content_token(llama: LanguageModel, text: str, content: str) -> None:
    (sentence,) = tokenise(llama, [text])
    assert spelled(llama, sentence.ids[: sentence.last_content + 1]).endswith(content)


def test_a_full_stop_in_three_bytes_is_no_content(llama: LanguageModel) -> None:
    text = "猫？"  # the tokenizer never saw this mark whole: three tokens, none of which decodes alone
    (sentence,) = tokenise(llama, [text])
    assert spelled(llama, sentence.ids[sentence.last_content + 1 :]) == "？"


def test_an_empty_sentence_is_named(llama: LanguageModel) -> None:
    with pytest.raises(BadInput, match=r"Sentence 2, “”, has no tokens"):
        read_sentences(llama, ["fine", ""], "last", 100)


def test_a_token_without_embedding_is_named() -> None:
    model = make_tiny("llama")
    model.tokenizer.add_tokens(["<image>"])  # has the number behind the last embedding
    with pytest.raises(BadInput, match="Sentence 2, “an <image>”, has a token the model does not know"):
        read_sentences(model, ["fine", "an <image>"], "last", 100)


def test_long_sentences_are_cut_and_reported(llama: LanguageModel) -> None:
    found = read_sentences(llama, ["short", "long " * 200, "short"], "mean", 1000)
    assert found.truncated == [1]
    assert found.tokens.tolist()[1] == llama.context == 64
    assert found.tokens.dtype == torch.int32


def test_no_text_gives_an_empty_reading(llama: LanguageModel) -> None:
    found = read_sentences(llama, [], "last", 100)
    assert found.states.shape == (0, 4, 32)
    assert found.activations.shape == (0, 3, 48)
    assert read_token_activations(llama, [], {0: torch.tensor([1])}, 100) == []


def test_order_and_shapes(llama: LanguageModel) -> None:
    found = read_sentences(llama, TEXTS, "last", 20)
    assert found.stream.shape == (4, 3, 32)
    assert found.activations.shape == (4, 3, 48)
    assert found.states.shape == (4, 4, 32)
    assert found.states.dtype == torch.float32
    assert found.stream[:, 1].is_contiguous()
    backwards = read_sentences(llama, TEXTS[::-1], "last", 1000)
    torch.testing.assert_close(backwards.states.flip(0), found.states, rtol=1e-4, atol=1e-5)


def test_progress_is_told_and_may_cancel(llama: LanguageModel) -> None:
    told: list[tuple[int, int]] = []
    read_sentences(llama, TEXTS * 3, "last", 60, on_batch=lambda done, total: told.append((done, total)))
    assert told[-1] == (12, 12)
    assert told == sorted(told)
    assert len(told) > 1
    hooks = [len(module._forward_hooks) for module in llama.network.modules()]

    def cancel(_done: int, _total: int) -> None:
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        read_sentences(llama, TEXTS, "last", 20, on_batch=cancel)
    assert [len(module._forward_hooks) for module in llama.network.modules()] == hooks


def test_an_overflow_names_its_sentence() -> None:
    model = make_tiny("llama")
    z = model.tokenizer("z", add_special_tokens=False)["input_ids"][0]
    with torch.no_grad():
        model.network.model.embed_tokens.weight[z] = float("inf")
    with pytest.raises(BadInput, match="infinite numbers for sentence 2, “z”"):
        read_sentences(model, ["abc", "z", "def"], "last", 1000)


def test_too_little_memory_is_told_in_a_sentence() -> None:
    model = make_tiny("llama")

    def full(_module: torch.nn.Module, _args: object) -> None:
        raise torch.OutOfMemoryError

    model.blocks[1].register_forward_pre_hook(full)
    with pytest.raises(BadInput, match="do not fit into the memory of cpu"):
        read_sentences(model, TEXTS, "last", 1000)


def test_one_forward_pass_a_sentence_and_no_head(llama: LanguageModel) -> None:
    rows: list[int] = []
    heads: list[int] = []
    one = llama.blocks[0].register_forward_pre_hook(lambda _m, args: rows.append(args[0].shape[0]))
    two = llama.head.register_forward_pre_hook(lambda _m, _a: heads.append(1))
    read_sentences(llama, TEXTS, "mean", 30)
    one.remove()
    two.remove()
    assert sum(rows) == len(TEXTS)
    assert heads == []


def test_speed_is_tokens_over_the_clocks_seconds(llama: LanguageModel) -> None:
    once = iter([10.0, 12.0])
    assert tokens_per_second(llama, lambda: next(once)) == 256.0
    best = iter([10.0, 10.5, 10.75, 11.0])
    assert tokens_per_second(llama, lambda: next(best)) == 2048.0


def test_the_card_says_what_was_loaded(llama: LanguageModel) -> None:
    card = llama.card(tokens_per_second=5.0)
    assert (card.architecture, card.layers, card.neurons, card.hidden_size) == ("LlamaForCausalLM", 3, 48, 32)
    assert (card.vocabulary, card.context, card.dtype, card.device) == (320, 64, "float32", "cpu")
    assert card.parameters == sum(parameter.numel() for parameter in llama.network.parameters())
    assert card.parity.passed
    assert len(card.tokenizer_hash) == 64
    assert card.tokenizer_hash != make_tiny("gpt2").tokenizer_hash
    assert not card.chat_template
