"""Reads a causal language model: hidden states, what the neurons see, and greedy text with neurons switched off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerBase


@dataclass
class Reading:
    """What one batch of sentences shows: every list has one entry a level or layer, tensors start with the sentence.

    `last` and `mean`: hidden states [sentences, hidden] at the last token and averaged over the tokens after `<s>`;
    `before`: residual stream before the MLP at the last token; `activation`: down-projection input there.
    """

    last: list[Tensor] = field(default_factory=list)
    mean: list[Tensor] = field(default_factory=list)
    before: list[Tensor] = field(default_factory=list)
    activation: list[Tensor] = field(default_factory=list)


class Subject:
    """The model under measurement, in float32 on the CPU."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        assert isinstance(model, LlamaForCausalLM)
        self.model = model.train(False)
        self.layers = list(model.model.layers)

    @property
    def neurons(self) -> int:
        """Neurons a layer."""
        return int(self.model.config.intermediate_size)

    def values(self, layer: int) -> Tensor:
        """Value vectors of a layer as columns [hidden, neurons]."""
        weight = self.layers[layer].mlp.down_proj.weight
        assert isinstance(weight, Tensor)
        return weight.detach()

    @torch.no_grad()
    def read(self, texts: list[str]) -> Reading:
        """Hidden states and activations of each text."""
        batch = self.tokenizer(texts, padding=True, padding_side="right", return_tensors="pt")
        inside, rows = batch["attention_mask"], torch.arange(len(texts))
        end = inside.sum(1) - 1
        counted = inside.clone()
        counted[:, 0] = 0
        reading = Reading()

        def keep(state: Tensor) -> None:
            reading.last.append(state[rows, end])
            reading.mean.append((state * counted.unsqueeze(-1)).sum(1) / counted.sum(1, keepdim=True))

        hooks = [self.model.model.embed_tokens.register_forward_hook(lambda _m, _i, out: keep(out))]
        for layer in self.layers:
            hooks.append(layer.register_forward_hook(lambda _m, _i, out: keep(out)))
            hooks.append(
                layer.post_attention_layernorm.register_forward_pre_hook(
                    lambda _m, args: reading.before.append(args[0][rows, end])
                )
            )
            hooks.append(
                layer.mlp.down_proj.register_forward_pre_hook(
                    lambda _m, args: reading.activation.append(args[0][rows, end])
                )
            )
        try:
            self.model(**batch)
        finally:
            for hook in hooks:
                hook.remove()
        return reading

    @contextmanager
    def without(self, neurons: list[tuple[int, int]]) -> Iterator[None]:
        """Zero the activations of (layer, neuron) pairs at every position while the context lasts."""
        hooks = []
        for layer in sorted({layer for layer, _ in neurons}):
            mask = torch.ones(self.neurons)
            mask[[neuron for at, neuron in neurons if at == layer]] = 0
            hooks.append(
                self.layers[layer].mlp.down_proj.register_forward_pre_hook(lambda _m, args, m=mask: (args[0] * m,))
            )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @torch.no_grad()
    def scores(self, tokens: Tensor) -> Tensor:
        """Next-token scores [rows, time, vocabulary] of right-padded rows."""
        return torch.as_tensor(self.model(input_ids=tokens).logits)

    @torch.no_grad()
    def continuations(self, prompts: list[str], tokens: int, temperature: float = 0.0, seed: int = 0) -> list[str]:
        """What the model writes after each prompt; greedy at temperature 0."""
        batch = self.tokenizer(prompts, padding=True, padding_side="left", return_tensors="pt")
        torch.manual_seed(seed)
        options = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
        written = self.model.generate(**batch, max_new_tokens=tokens, pad_token_id=3, **options)
        assert isinstance(written, Tensor)
        return self.tokenizer.batch_decode(written[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
