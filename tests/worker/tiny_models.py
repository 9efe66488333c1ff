"""Tiny random models of every supported architecture, with a byte-level tokenizer: real input, no download."""

from pathlib import Path
from typing import Any, overload

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from worker.model.language_model import LanguageModel
from worker.model.selfcheck import checked

HIDDEN, NEURONS, HEADS, CONTEXT = 32, 48, 4, 64

_TEXT = (
    "The cat sleeps on the warm stone. Where does the river end? She reads a book every evening.",
    "Die Katze schläft auf dem warmen Stein. Wo endet der Fluss? Sie liest jeden Abend ein Buch.",
    "El gato duerme sobre la piedra caliente. ¿Dónde termina el río? Ella lee un libro cada noche.",
    "猫は暖かい石の上で眠る。川はどこで終わるの？彼女は毎晩本を読む。",
    "고양이는 따뜻한 돌 위에서 잔다. 강은 어디에서 끝나는가? 그녀는 매일 저녁 책을 읽는다.",
)

_GATED: dict[str, Any] = {
    "hidden_size": HIDDEN,
    "intermediate_size": NEURONS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
}
_GEMMA: dict[str, Any] = {**_GATED, "head_dim": 8, "sliding_window": 16}
_BY_HEADS: dict[str, Any] = {"hidden_size": HIDDEN, "num_attention_heads": HEADS}

# name: (config class, sizes); the names are what tests ask for
ARCHITECTURES: dict[str, tuple[type[PreTrainedConfig], dict[str, Any]]] = {
    "llama": (transformers.LlamaConfig, _GATED),
    "mistral": (transformers.MistralConfig, {**_GATED, "head_dim": 8}),
    "qwen2": (transformers.Qwen2Config, _GATED),
    "qwen3": (transformers.Qwen3Config, {**_GATED, "head_dim": 8}),
    "gemma2": (transformers.Gemma2Config, {**_GEMMA, "query_pre_attn_scalar": 8, "final_logit_softcapping": 5.0}),
    "gemma3": (transformers.Gemma3TextConfig, {**_GEMMA, "query_pre_attn_scalar": 8}),
    "olmo2": (transformers.Olmo2Config, _GATED),
    "cohere": (transformers.CohereConfig, {**_GATED, "logit_scale": 0.25}),
    "gpt2": (
        transformers.GPT2Config,
        {"n_embd": HIDDEN, "n_inner": NEURONS, "n_head": HEADS, "n_positions": CONTEXT},
    ),
    "gpt_neox": (
        transformers.GPTNeoXConfig,
        {**_BY_HEADS, "intermediate_size": NEURONS, "max_position_embeddings": CONTEXT},
    ),
    "bloom": (transformers.BloomConfig, {"hidden_size": HIDDEN, "n_head": HEADS}),
    "phi3": (transformers.Phi3Config, {**_GATED, "original_max_position_embeddings": CONTEXT}),
    "gemma": (transformers.GemmaConfig, {**_GATED, "head_dim": 8}),
    "granite": (
        transformers.GraniteConfig,
        {**_GATED, "residual_multiplier": 0.6, "embedding_multiplier": 2.0, "logits_scaling": 3.0},
    ),
    "olmo": (transformers.OlmoConfig, _GATED),
    "olmo3": (transformers.Olmo3Config, {**_GATED, "sliding_window": 16}),
    "smollm3": (transformers.SmolLM3Config, _GATED),
    "starcoder2": (transformers.Starcoder2Config, {**_GATED, "sliding_window": None}),
    "cohere2": (transformers.Cohere2Config, {**_GATED, "logit_scale": 0.25, "sliding_window": 16}),
    "phi": (transformers.PhiConfig, {**_GATED, "num_key_value_heads": HEADS}),
}
_WITHOUT_BOS = frozenset({"gpt2", "gpt_neox", "bloom", "qwen2", "qwen3", "phi", "starcoder2", "smollm3", "granite"})


def tiny_tokenizer(*, bos: bool) -> PreTrainedTokenizerFast:
    """A byte-level BPE of 320 tokens that can spell any text; without a pad token; `<s>` in front when `bos`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXT, trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


def tiny_network(architecture: str, *, layers: int = 3, seed: int = 0, **overrides: object) -> PreTrainedModel:
    """A random model whose norm gains, biases and writes are all large enough for a wrong site to show."""
    kind, sizes = ARCHITECTURES[architecture]
    common: dict[str, Any] = {
        "vocab_size": 320,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": None,
        "initializer_range": 0.2,
    }
    config = kind(**{**common, **sizes, "num_hidden_layers": layers, **overrides})
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: PreTrainedModel = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 1:  # gains and biases start at 1 or 0, where a forgotten one goes unnoticed
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return network


@overload
def make_tiny(
    architecture: str = ..., path: None = ..., *, layers: int = ..., seed: int = ..., **overrides: object
) -> LanguageModel: ...
@overload
def make_tiny(architecture: str, path: Path, *, layers: int = ..., seed: int = ..., **overrides: object) -> Path: ...
def make_tiny(
    architecture: str = "llama", path: Path | None = None, *, layers: int = 3, seed: int = 0, **overrides: object
) -> LanguageModel | Path:
    """A tiny random model, checked and ready; with `path`, saved there as safetensors instead (returns `path`).

    32 hidden, 48 neurons a layer (BLOOM: 128), 320 tokens, context 64; `overrides` are fields of its config.
    """
    network = tiny_network(architecture, layers=layers, seed=seed, **overrides)
    tokenizer = tiny_tokenizer(bos=architecture not in _WITHOUT_BOS)
    if path is None:
        return checked(LanguageModel(network, tokenizer))
    network.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path
