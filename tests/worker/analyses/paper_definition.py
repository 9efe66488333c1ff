"""The paper's detection, transcribed slowly: float64, one sentence at a time, every neuron's write added by itself.

Tezuka & Inoue (2025), Eqs. 7-9, with the released code's choices: last token, midpoint of parallel sentences, the last
layer's centroid after the final norm. Independent of the product's reading and scoring: its own hooks, its own formula.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass
class Places:
    """Where an architecture keeps what the paper reads; `transposed` for weights stored the other way round."""

    blocks: nn.ModuleList
    final_norm: nn.Module
    pre_mlp_norm: str
    down: str
    transposed: bool


def places(model: Any) -> Places:
    """Llama and GPT-2, written out."""
    if type(model).__name__ == "LlamaForCausalLM":
        return Places(model.model.layers, model.model.norm, "post_attention_layernorm", "mlp.down_proj", False)
    return Places(model.transformer.h, model.transformer.ln_f, "ln_2", "mlp.c_proj", True)


@dataclass
class Seen:
    """One sentence at its last token: stream before each MLP, activations, block outputs, all float64."""

    stream: list[Tensor]
    activations: list[Tensor]
    outputs: list[Tensor]


def look(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, text: str) -> Seen:
    """One forward pass of one sentence, without padding."""
    where, seen, handles = places(model), Seen([], [], []), []

    def keep(into: list[Tensor]):
        return lambda _module, args: into.append(args[0][0, -1].clone())

    def keep_output(_module, _args, output) -> None:
        state = output if isinstance(output, Tensor) else output[0]
        seen.outputs.append(state[0, -1].clone())

    for block in where.blocks:
        handles.append(block.get_submodule(where.pre_mlp_norm).register_forward_pre_hook(keep(seen.stream)))
        handles.append(block.get_submodule(where.down).register_forward_pre_hook(keep(seen.activations)))
        handles.append(block.register_forward_hook(keep_output))
    with torch.no_grad():
        model(input_ids=torch.tensor([tokenizer(text)["input_ids"]]))
    for handle in handles:
        handle.remove()
    return seen


def paper_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]]
) -> Tensor:
    """Type-1 and Type-2 scores [2, layers, neurons] for the language of the pairs' second sentences."""
    model = copy.deepcopy(model).double().eval()
    where = places(model)
    pivot = [look(model, tokenizer, text) for text, _ in pairs]
    ours = [look(model, tokenizer, text) for _, text in pairs]
    layers = len(where.blocks)
    scores = []
    for layer in range(layers):
        own = [_state(where, seen, layer) for seen in ours]
        other = [_state(where, seen, layer) for seen in pivot]
        of_language = torch.stack(own).mean(dim=0)
        shared = torch.stack([(a + b) / 2 for a, b in zip(other, own, strict=True)]).mean(dim=0)
        weight = where.blocks[layer].get_parameter(f"{where.down}.weight").detach()
        vectors = weight if where.transposed else weight.T
        total = torch.zeros(2, vectors.shape[0], dtype=torch.float64)
        for seen in ours:
            written = seen.stream[layer] + seen.activations[layer][:, None] * vectors
            for row, target in enumerate((shared, of_language)):
                with_neuron = torch.cosine_similarity(written, target[None], dim=1)
                total[row] += with_neuron - torch.cosine_similarity(seen.stream[layer], target, dim=0)
        scores.append(total / len(pairs))
    return torch.stack(scores, dim=1)


def _state(where: Places, seen: Seen, layer: int) -> Tensor:
    """What the released code takes as the layer's output: of the last layer, the output after the final norm."""
    last = layer == len(where.blocks) - 1
    with torch.no_grad():
        normed: Tensor = where.final_norm(seen.outputs[layer])
    return normed if last else seen.outputs[layer]
