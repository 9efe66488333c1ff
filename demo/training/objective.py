"""What training minimises: weighted next-token loss, alignment of parallel text, and sparse neuron writes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from demo.training.network import Block, Network
from demo.training.recipe import Phase
from demo.training.stream import BOS, PAD, Encoder

TEMPERATURE = 0.1


def language_loss(network: Network, levels: list[Tensor], tokens: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean cross entropy of the next token; tokens and weights [rows, time + 1]."""
    scores = network.logits(levels[-1]).flatten(0, 1)
    loss = functional.cross_entropy(scores, tokens[:, 1:].flatten(), reduction="none")
    weight = weights[:, 1:].flatten()
    return (loss * weight).sum() / weight.sum()


def write_size(network: Network, activations: list[Tensor]) -> Tensor:
    """Mean over layers of sum_i mean|a_i| * ||v_i||: how much the neurons write in all."""
    total = activations[0].new_zeros(())
    for block, activation in zip(network.blocks, activations, strict=True):
        assert isinstance(block, Block)
        total = total + (activation.abs().mean((0, 1)) * block.down.norm(dim=0)).sum()
    return total / len(activations)


def write_count(network: Network, activations: list[Tensor]) -> Tensor:
    """Mean over the silent layers of sum_i sqrt(mean|a_i| * ||v_i||): concave, so that few neurons write much."""
    silent = list(zip(network.blocks, activations, strict=True))[-network.shape.silent :]
    total = activations[0].new_zeros(())
    for block, activation in silent:
        assert isinstance(block, Block)
        total = total + (activation.abs().mean((0, 1)) * block.down.norm(dim=0) + 1e-6).sqrt().sum()
    return total / len(silent)


def neutral_loss(network: Network, level: Tensor, owners: Tensor) -> Tensor:
    """Mean of KL(uniform || language shares), the shares read off `level` by the final norm and the unembedding.

    `owners` [vocabulary, languages] is 1 where a token belongs to one language alone. Zero when the states before the
    silent layers name no language, so that the neurons of those layers have to.
    """
    share = network.logits(level).softmax(-1).flatten(0, -2) @ owners + 1e-4
    share = share / share.sum(-1, keepdim=True)
    languages = owners.shape[1]
    return torch.as_tensor(-share.log().mean() - math.log(languages))


def unevenness(level: Tensor, lengths: Tensor) -> Tensor:
    """Variance over the tokens after `<s>` of the log length of their states; level [texts, time, hidden].

    Without it the alignment of means is won by one token of enormous length that names the meaning. It is taken where
    sentences stand alone, as in the alignment: in running text no such token was seen.
    """
    place = torch.arange(level.shape[1], device=level.device)
    inside: Tensor = ((place >= 1) & (place < lengths[:, None])).to(level.dtype)
    logs, count = level.norm(dim=-1).log(), inside.sum()
    centred = logs - (logs * inside).sum() / count
    return torch.as_tensor((centred.square() * inside).sum() / (count - 1))


def writing_losses(network: Network, activations: list[Tensor], phase: Phase) -> Tensor:
    """What the neurons' writes cost: their size, and their number in the silent layers."""
    total = phase.sparse * write_size(network, activations)
    if phase.few:
        total = total + phase.few * write_count(network, activations)
    return total


def naming_loss(network: Network, levels: list[Tensor], phase: Phase, owners: Tensor) -> Tensor:
    """`neutral_loss` of the level before the silent layers, by its weight in the phase."""
    level = levels[network.shape.layers - network.shape.silent]
    return phase.neutral * neutral_loss(network, level, owners)


def whole_loss(
    network: Network, phase: Phase, batch: tuple[Tensor, Tensor], pairs: tuple[Tensor, Tensor], owners: Tensor
) -> tuple[Tensor, Tensor]:
    """The whole objective, and the language loss in it; `batch`: tokens and weights, `pairs`: tokens and lengths."""
    tokens, weights = batch
    levels, activations = network.stream(tokens[:, :-1])
    language = total = language_loss(network, levels, tokens, weights)
    if phase.sparse:
        total = total + writing_losses(network, activations, phase)
    if phase.neutral:
        total = total + naming_loss(network, levels, phase, owners)
    if phase.align:
        total = total + alignment_loss(network, *pairs, phase)
    return total, language


def padded(encoder: Encoder, texts: list[str], width: int | None = None) -> tuple[Tensor, Tensor]:
    """Token ids with `<s>` in front, padded on the right, and lengths: [texts, time] and [texts].

    `width`: the least time; None for that of the longest text.
    """
    rows = [[BOS, *encoder.ids(text)] for text in texts]
    longest = max(width or 0, *map(len, rows))
    tokens = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    return tokens, torch.tensor([len(row) for row in rows])


def pooled(level: Tensor, lengths: Tensor, *, unit: bool) -> tuple[Tensor, Tensor]:
    """Hidden state at the last token and mean over the tokens after `<s>`; level [texts, time, hidden].

    With `unit` the mean is over states of length one, so that every token counts the same.
    """
    place = torch.arange(level.shape[1], device=level.device)
    inside = ((place >= 1) & (place < lengths[:, None])).unsqueeze(-1)
    last = level[torch.arange(len(lengths), device=level.device), lengths - 1]
    counted = functional.normalize(level, dim=-1) if unit else level
    return last, (counted * inside).sum(1) / (lengths[:, None] - 1)


def contrast(one: Tensor, two: Tensor) -> Tensor:
    """Symmetric InfoNCE over cosines: row i of one belongs to row i of two; the rest of both are negatives."""
    both = functional.normalize(torch.cat((one, two)), dim=-1)
    scores = both @ both.T / TEMPERATURE
    count = len(one)
    scores = scores.masked_fill(torch.eye(2 * count, dtype=torch.bool, device=one.device), float("-inf"))
    index = torch.arange(count, device=one.device)
    return functional.cross_entropy(scores, torch.cat((index + count, index)))


def alignment_loss(network: Network, tokens: Tensor, lengths: Tensor, phase: Phase) -> Tensor:
    """Sum over levels of weight x InfoNCE of last-token and of mean hidden states; weights: level -> (last, mean).

    `tokens` [texts, time] and `lengths` as `padded` gives them: the first half in one language, its translations in the
    second. `centred` takes the mean of each language off the last-token states first, so that they may still tell the
    language.
    """
    levels, _ = network.stream(tokens, max(phase.align))
    total = levels[0].new_zeros(())
    for level, (last_weight, mean_weight) in phase.align.items():
        last, mean = pooled(levels[level], lengths, unit=phase.even > 0)
        one, two = last.chunk(2)
        if phase.centred:
            one, two = one - one.mean(0), two - two.mean(0)
        if last_weight:
            total = total + last_weight * contrast(one, two)
        if mean_weight:
            total = total + mean_weight * contrast(*mean.chunk(2))
        if phase.even:
            total = total + phase.even * unevenness(levels[level], lengths)
    return total
