"""Every architecture: read right, batched right, changed right."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from app.contracts.jobs import Position
from app.errors import UnsupportedArchitecture
from tests.worker.tiny_models import ARCHITECTURES, make_tiny, tiny_network, tiny_tokenizer
from worker.model.hooks import change, read, read_neurons
from worker.model.language_model import LanguageModel
from worker.model.reading import read_sentences, read_token_activations
from worker.model.selfcheck import allowed_residue, self_check
from worker.model.sites import SITES

TEXTS = [
    "The cat sleeps on the warm stone.",
    "川はどこで終わるの？",
    "¿Dónde termina el río?",
    "a",
    "Wo endet der Fluss? Sie liest jeden Abend ein Buch.",
]


def hooks_of(model: LanguageModel) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.network.modules())


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def model(request: pytest.FixtureRequest) -> Iterator[LanguageModel]:
    made = make_tiny(request.param)
    before = hooks_of(made)
    yield made
    assert hooks_of(made) == before


def test_every_row_is_tried() -> None:
    assert {type(tiny_network(name)).__name__ for name in ARCHITECTURES} == set(SITES)


def test_self_check_passes_with_float32_rounding(model: LanguageModel) -> None:
    assert model.parity is not None
    assert model.parity.passed
    assert model.parity.residue < 1e-6
    assert model.parity.max_delta_logit == 0.0


def test_writes_rebuild_each_output_in_float64(model: LanguageModel) -> None:
    """A gap that stayed in float64 would be a wrong formula, not rounding."""
    network = tiny_network(_name_of(model))
    network.double()
    double = LanguageModel(network, model.tokenizer)
    ids = torch.arange(2, 22).reshape(2, 10)
    with read(double) as kept:
        double.base(input_ids=ids)
    for layer in range(double.layers):
        vectors, bias = double.value_vectors(layer), double.bias(layer)
        rebuilt = kept.stream[layer] + kept.activations[layer] @ vectors + (0 if bias is None else bias)
        torch.testing.assert_close(rebuilt, kept.states[layer + 1], rtol=1e-5, atol=1e-5)


def test_states_are_the_blocks_own_outputs(model: LanguageModel) -> None:
    ids = torch.arange(2, 22).reshape(2, 10)
    outputs: list[torch.Tensor] = []
    inputs: list[torch.Tensor] = []
    handles = [
        block.register_forward_hook(
            lambda _m, _a, out: outputs.append((out if isinstance(out, torch.Tensor) else out[0]).clone())
        )
        for block in model.blocks
    ]
    handles.append(model.blocks[0].register_forward_pre_hook(lambda _m, args: inputs.append(args[0].clone())))
    with read(model) as kept:
        final = model.base(input_ids=ids).last_hidden_state
    for handle in handles:
        handle.remove()
    assert torch.equal(kept.states[0], inputs[0])
    for layer, output in enumerate(outputs):
        assert torch.equal(kept.states[layer + 1], output)
    assert not torch.allclose(kept.states[model.layers], final)  # the library's last state is behind the final norm


def test_some_layers_only(model: LanguageModel) -> None:
    ids = torch.arange(2, 12)[None]
    with read(model) as every:
        model.base(input_ids=ids)
    with read(model, layers=[1]) as some:
        model.base(input_ids=ids)
    assert set(some.stream) == set(some.activations) == {1}
    assert set(some.states) == {1, 2}
    assert torch.equal(some.stream[1], every.stream[1])
    assert torch.equal(some.states[2], every.states[2])


@pytest.mark.parametrize("position", ["last", "last_content", "mean"])
def test_a_batch_reads_as_one_sentence_at_a_time(model: LanguageModel, position: Position) -> None:
    together = read_sentences(model, TEXTS, position, batch_tokens=1000)
    for row, text in enumerate(TEXTS):
        alone = read_sentences(model, [text], position, batch_tokens=1)
        torch.testing.assert_close(together.stream[row], alone.stream[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together.activations[row], alone.activations[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together.states[row], alone.states[0], rtol=1e-4, atol=1e-5)


def test_token_activations_are_those_of_the_whole_reading(model: LanguageModel) -> None:
    chosen = {2: torch.tensor([5, 0]), 0: torch.tensor([7])}
    found = read_token_activations(model, TEXTS, chosen, batch_tokens=1000)
    last = read_sentences(model, TEXTS, "last", batch_tokens=1000)
    for row, one in enumerate(found):
        assert one.activations.shape == (len(one.ids), 3)
        expected = torch.stack([last.activations[row, 2, 5], last.activations[row, 2, 0], last.activations[row, 0, 7]])
        torch.testing.assert_close(one.activations[-1], expected, rtol=1e-4, atol=1e-5)


def test_zeroed_activations_equal_zeroed_value_vectors(model: LanguageModel) -> None:
    chosen = {0: torch.tensor([0, 3]), 2: torch.tensor([11])}
    ids = torch.arange(2, 22).reshape(2, 10)
    plain = model.network(input_ids=ids).logits
    with change(model, chosen, torch.tensor(0.0)):
        changed = model.network(input_ids=ids).logits
    by_hand = make_tiny(_name_of(model))
    for layer, columns in chosen.items():
        weight = by_hand.inside(layer, by_hand.site.down).get_parameter("weight")
        (weight if by_hand.site.conv1d else weight.T)[columns] = 0.0
    torch.testing.assert_close(changed, by_hand.network(input_ids=ids).logits, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(changed, plain)
    assert torch.equal(model.network(input_ids=ids).logits, plain)


def test_lens_of_the_last_state_gives_the_logits(model: LanguageModel) -> None:
    ids = torch.arange(2, 12)[None]
    with read(model) as kept:
        logits = model.network(input_ids=ids).logits
    torch.testing.assert_close(model.unembed(kept.states[model.layers]), logits, rtol=1e-4, atol=1e-5)


def test_vocabulary_effect_is_the_gradient_of_the_lens_up_to_length(model: LanguageModel) -> None:
    """Far out along a vector the norm leaves only its direction: lens(t v) tends to the effect / rms, plus the bias."""
    if model.site.logit_softcap and getattr(model.network.config, model.site.logit_softcap) is not None:
        model = make_tiny(_name_of(model), final_logit_softcapping=None)
    vectors = model.value_vectors(1)[:4]
    effect = model.vocabulary_effect(vectors)
    far, opposite = model.unembed(1e6 * vectors), model.unembed(-1e6 * vectors)
    centred = vectors - vectors.mean(-1, keepdim=True) if model.site.centred else vectors
    rms = centred.pow(2).mean(-1, keepdim=True).sqrt()
    torch.testing.assert_close((far - opposite) / 2 * rms, effect, rtol=1e-3, atol=1e-4)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("llama", {"stream": "input_layernorm"}),
    ("llama", {"down": "mlp.gate_proj"}),
    ("qwen3", {"parallel": True, "attention": "mlp"}),
    ("gemma2", {"post_norm": ""}),
    ("gemma3", {"gain_offset": 0.0}),
    ("gemma2", {"logit_softcap": ""}),
    ("olmo2", {"stream": "post_attention_layernorm"}),
    ("olmo2", {"gain_offset": 1.0}),
    ("cohere", {"parallel": False, "stream": "mlp"}),
    ("cohere", {"logit_scale": ""}),
    ("gpt2", {"conv1d": False}),
    ("gpt2", {"stream": "ln_1"}),
    ("gpt_neox", {"parallel": False}),
    ("bloom", {"argument": 0}),
    ("bloom", {"stream": "no_such_module"}),
    ("granite", {"residual_multiplier": ""}),
    ("phi3", {"blocks": "norm"}),
]


@pytest.mark.parametrize(("name", "fault"), WRONG, ids=[f"{name}-{next(iter(fault))}" for name, fault in WRONG])
def test_a_wrong_row_is_refused(name: str, fault: dict[str, Any]) -> None:
    network = tiny_network(name)
    site = replace(SITES[type(network).__name__], **fault)
    with pytest.raises(UnsupportedArchitecture, match=type(network).__name__):
        self_check(LanguageModel(network, tiny_tokenizer(bos=True), site=site))


def test_a_refusal_names_layer_found_and_allowed() -> None:
    site = replace(SITES["LlamaForCausalLM"], stream="input_layernorm")
    with pytest.raises(UnsupportedArchitecture, match=r"in layer \d .* by [0-9.]+ of the stream's length; 0\.001 is"):
        self_check(LanguageModel(tiny_network("llama"), tiny_tokenizer(bos=True), site=site))


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_bfloat16_passes_and_a_wrong_place_does_not(name: str) -> None:
    network = tiny_network(name)
    network.bfloat16()
    parity = self_check(LanguageModel(network, tiny_tokenizer(bos=True)))
    assert 1e-4 < parity.residue < allowed_residue(torch.bfloat16) == 0.01


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_undefined_weights_are_refused(bad: float) -> None:
    network = tiny_network("llama")
    with torch.no_grad():
        network.model.layers[1].mlp.down_proj.weight[0, 0] = bad
    with pytest.raises(UnsupportedArchitecture, match="layer 1 computes infinite or undefined"):
        self_check(LanguageModel(network, tiny_tokenizer(bos=True)))


@pytest.mark.parametrize("parallel", [True, False])
def test_neox_follows_its_config(parallel: bool) -> None:
    model = make_tiny("gpt_neox", use_parallel_residual=parallel)
    assert model.parallel is parallel


def test_bloom_with_the_residual_behind_its_norm() -> None:
    make_tiny("bloom", apply_residual_connection_post_layernorm=True)


def test_a_projection_that_is_not_called_is_refused() -> None:
    with pytest.raises(UnsupportedArchitecture, match="nothing passed through"):
        make_tiny("bloom", pretraining_tp=2, slow_but_exact=True)


def test_other_biases_are_read() -> None:
    model = make_tiny("llama", mlp_bias=True)
    assert model.bias(0) is not None
    network = tiny_network("olmo2")
    network.model.layers[0].mlp.down_proj.bias = nn.Parameter(torch.ones(32))
    with pytest.raises(UnsupportedArchitecture, match="bias in front of the norm"):
        LanguageModel(network, tiny_tokenizer(bos=True))


def test_hooks_go_after_an_exception() -> None:
    model = make_tiny("llama")
    before = hooks_of(model)
    chosen = {0: torch.tensor([1])}

    def fail() -> None:
        with read(model), read_neurons(model, chosen), change(model, chosen, torch.tensor(0.0)):
            assert hooks_of(model) > before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert hooks_of(model) == before


def _name_of(model: LanguageModel) -> str:
    return next(name for name, (kind, _) in ARCHITECTURES.items() if isinstance(model.network.config, kind))
