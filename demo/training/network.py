"""The Llama architecture written for fast training on a CPU; weights leave under their Hugging Face names."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaConfig


@dataclass(frozen=True)
class Shape:
    """Sizes of the demo model; the last `silent` layers have no attention (their projections are zero)."""

    vocabulary: int = 3584
    hidden: int = 128
    intermediate: int = 512
    layers: int = 10
    heads: int = 4
    silent: int = 3
    positions: int = 512
    theta: float = 10_000.0
    epsilon: float = 1e-6

    def config(self) -> LlamaConfig:
        """The Hugging Face configuration of this shape."""
        return LlamaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            intermediate_size=self.intermediate,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            max_position_embeddings=self.positions,
            rms_norm_eps=self.epsilon,
            rope_parameters={"rope_type": "default", "rope_theta": self.theta},
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=3,
        )


class Block(nn.Module):
    """One layer: attention (unless silent) and SwiGLU, with query-key-value and gate-up as single products."""

    def __init__(self, shape: Shape, *, attends: bool) -> None:
        super().__init__()
        self.heads, self.epsilon, self.attends = shape.heads, shape.epsilon, attends
        if attends:
            self.norm_in = nn.Parameter(torch.ones(shape.hidden))
            self.qkv = nn.Parameter(torch.empty(3 * shape.hidden, shape.hidden))
            self.out = nn.Parameter(torch.empty(shape.hidden, shape.hidden))
        self.norm_mlp = nn.Parameter(torch.ones(shape.hidden))
        self.gate_up = nn.Parameter(torch.empty(2 * shape.intermediate, shape.hidden))
        self.down = nn.Parameter(torch.empty(shape.hidden, shape.intermediate))

    def attention(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Causal self-attention with rotary positions; x and result [batch, time, hidden]."""
        batch, time, hidden = x.shape
        size = hidden // self.heads
        normed = functional.rms_norm(x, (hidden,), self.norm_in, self.epsilon)
        mixed = functional.linear(normed, self.qkv).view(batch, time, 3 * self.heads, size).transpose(1, 2)
        turned, value = mixed[:, : 2 * self.heads], mixed[:, 2 * self.heads :]
        one, two = turned.chunk(2, dim=-1)
        turned = turned * cos + torch.cat((-two, one), dim=-1) * sin
        query, key = turned.chunk(2, dim=1)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return functional.linear(seen.transpose(1, 2).reshape(batch, time, hidden), self.out)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
        """Residual stream after the block, and the neuron activations [batch, time, intermediate]."""
        if self.attends:
            x = x + self.attention(x, cos, sin)
        normed = functional.rms_norm(x, (x.shape[-1],), self.norm_mlp, self.epsilon)
        gate, up = functional.linear(normed, self.gate_up).chunk(2, dim=-1)
        activation = functional.silu(gate) * up
        return x + functional.linear(activation, self.down), activation


class Network(nn.Module):
    """The whole model; the output embedding is the input embedding."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.empty(shape.vocabulary, shape.hidden))
        attending = shape.layers - shape.silent
        self.blocks = nn.ModuleList(Block(shape, attends=layer < attending) for layer in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.hidden))
        size = shape.hidden // shape.heads
        frequency = shape.theta ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
        angle = torch.arange(shape.positions, dtype=torch.float32)[:, None] * frequency
        self.register_buffer("cos", torch.cat((angle.cos(), angle.cos()), -1), persistent=False)
        self.register_buffer("sin", torch.cat((angle.sin(), angle.sin()), -1), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                scale = (2 * shape.layers) ** -0.5 if name.endswith(("out", "down")) else 1.0
                nn.init.normal_(parameter, std=0.02 * (1.0 if name == "embedding" else 2.0) * scale)

    def stream(self, tokens: Tensor, layers: int | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """Residual stream at every level, activations of every layer, up to `layers` of them; tokens [batch, time]."""
        cos, sin = (self.get_buffer(name)[: tokens.shape[1]] for name in ("cos", "sin"))
        levels, activations = [functional.embedding(tokens, self.embedding)], []
        for block in list(self.blocks)[:layers]:
            x, activation = block(levels[-1], cos, sin)
            levels.append(x)
            activations.append(activation)
        return levels, activations

    def logits(self, last: Tensor) -> Tensor:
        """Next-token scores [..., vocabulary] from the last level."""
        normed = functional.rms_norm(last, (self.shape.hidden,), self.norm, self.shape.epsilon)
        return functional.linear(normed, self.embedding)

    def exported(self) -> dict[str, Tensor]:
        """The weights under the names that LlamaForCausalLM reads."""
        hidden = self.shape.hidden
        weights: dict[str, Tensor] = {"model.embed_tokens.weight": self.embedding, "model.norm.weight": self.norm}
        zero = self.norm.new_zeros(hidden, hidden)
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            prefix = f"model.layers.{layer}."
            qkv = block.qkv.chunk(3) if block.attends else (zero, zero, zero)
            for name, weight in zip("qkv", qkv, strict=True):
                weights[f"{prefix}self_attn.{name}_proj.weight"] = weight
            weights[f"{prefix}self_attn.o_proj.weight"] = block.out if block.attends else zero
            weights[f"{prefix}input_layernorm.weight"] = block.norm_in if block.attends else self.norm.new_ones(hidden)
            weights[f"{prefix}post_attention_layernorm.weight"] = block.norm_mlp
            gate, up = block.gate_up.chunk(2)
            weights[f"{prefix}mlp.gate_proj.weight"] = gate
            weights[f"{prefix}mlp.up_proj.weight"] = up
            weights[f"{prefix}mlp.down_proj.weight"] = block.down
        return {name: weight.detach().cpu().clone().contiguous() for name, weight in weights.items()}

    @torch.no_grad()
    def imported(self, weights: dict[str, Tensor]) -> None:
        """Take over weights that `exported` gave."""
        self.embedding.copy_(weights["model.embed_tokens.weight"])
        self.norm.copy_(weights["model.norm.weight"])
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            prefix = f"model.layers.{layer}."
            if block.attends:
                block.qkv.copy_(torch.cat([weights[f"{prefix}self_attn.{name}_proj.weight"] for name in "qkv"]))
                block.out.copy_(weights[f"{prefix}self_attn.o_proj.weight"])
                block.norm_in.copy_(weights[f"{prefix}input_layernorm.weight"])
            block.norm_mlp.copy_(weights[f"{prefix}post_attention_layernorm.weight"])
            block.gate_up.copy_(torch.cat([weights[f"{prefix}mlp.{name}_proj.weight"] for name in ("gate", "up")]))
            block.down.copy_(weights[f"{prefix}mlp.down_proj.weight"])
