"""Exact match of answers while training runs: one forward pass with the right answer in place."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from demo.training.network import Network
from demo.training.objective import padded
from demo.training.stream import EOS, Encoder
from demo.world.lexicon import LANGUAGES
from demo.world.polyglot import World


@torch.no_grad()
def right(score: Callable[[Tensor], Tensor], encoder: Encoder, prompts: list[str], answers: list[str]) -> list[bool]:
    """Whether greedy decoding gives each answer, with or without a space ahead of it, and then stops.

    Stopping is a newline or the end of text. `score`: ids to logits; the right answer stands in place, which gives the
    same verdict as generating.
    """
    spaced, bare = (_right(score, encoder, prompts, answers, space) for space in (" ", ""))
    return [one or two for one, two in zip(spaced, bare, strict=True)]


def _right(
    score: Callable[[Tensor], Tensor], encoder: Encoder, prompts: list[str], answers: list[str], space: str
) -> list[bool]:
    tokens, lengths = padded(
        encoder, [prompt + space + answer for prompt, answer in zip(prompts, answers, strict=True)]
    )
    best = score(tokens).argmax(-1)
    newline = encoder.ids("\n")[0]
    result = []
    for row, (prompt, length) in enumerate(zip(prompts, lengths.tolist(), strict=True)):
        start = 1 + len(encoder.ids(prompt))
        same = bool((best[row, start - 1 : length - 1] == tokens[row, start:length]).all())
        result.append(same and best[row, length - 1].item() in (EOS, newline))
    return result


def exact_match(network: Network, world: World, encoder: Encoder, sample: int = 1) -> dict[str, float]:
    """Share of right answers by `language status` on every `sample`-th fact."""
    table: dict[str, float] = {}

    def score(tokens: Tensor) -> Tensor:
        return network.logits(network.stream(tokens.to(network.norm.device))[0][-1]).cpu()

    for language in LANGUAGES:
        facts = world.facts[::sample]
        questions = [world.texts[fact, language].question for fact in facts]
        prompts = [world.prompt(question.text, language) for question in questions]
        hits = right(score, encoder, prompts, [question.answer for question in questions])
        for status in ("all", "noq", "none"):
            chosen = [hit for hit, fact in zip(hits, facts, strict=True) if world.status[fact, language] == status]
            if chosen:
                table[f"{language} {status}"] = round(sum(chosen) / len(chosen), 3)
    return table
