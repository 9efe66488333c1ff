"""The endless, reproducible stream of training rows: documents written, encoded and packed shard by shard."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from demo.training.recipe import Phase
from demo.training.team import Team
from demo.world.documents import Segment, Writer
from demo.world.polyglot import World

SHARD_ROWS = 1024
ROW = 128
BOS, EOS, PAD = 1, 2, 3


class Encoder:
    """Encodes text without special tokens and remembers what it has seen: most segments come again."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, memory: int = 400_000) -> None:
        self.tokenizer = tokenizer
        self.memory = memory
        self.known: dict[str, list[int]] = {}

    def ids(self, text: str) -> list[int]:
        """Token ids of the text."""
        ids = self.known.get(text)
        if ids is None:
            ids = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
            if len(self.known) < self.memory:
                self.known[text] = ids
        return ids

    def segment(self, segment: Segment) -> tuple[list[int], list[float]]:
        """Token ids and their loss weights."""
        ids = self.ids(segment.text)
        return ids, [segment.first, *[segment.rest] * (len(ids) - 1)]


class Stream:
    """Rows of one phase of training; each rank writes shards of its own."""

    def __init__(self, encoder: Encoder, seed: str, rows: int, team: Team, phase: Phase) -> None:
        self.world = World()
        self.encoder = encoder
        self.seed = seed
        self.rows = rows
        self.team = team
        self.phase = phase

    def shard(self, index: int) -> tuple[Tensor, Tensor]:
        """Shard `index`: tokens and weights [rows, 129]; documents are `<s> ... </s>` one after the other."""
        writer = Writer(self.world, random.Random(f"{self.seed} shard {index}"), self.phase.style)
        need = SHARD_ROWS * ROW + 1
        tokens: list[int] = []
        weights: list[float] = []
        while len(tokens) < need:
            document = writer.document()
            tokens.append(BOS)
            weights.append(0.0)
            for segment in document:
                ids, parts = self.encoder.segment(segment)
                tokens += ids
                weights += parts
            tokens.append(EOS)
            weights.append(document[-1].rest)
        flat, heavy = torch.tensor(tokens[:need]), torch.tensor(weights[:need])
        return flat.unfold(0, ROW + 1, ROW), heavy.unfold(0, ROW + 1, ROW)

    def batches(self, step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of `rows` rows from `step` of the phase on, tokens and weights [rows, 129]."""
        per_shard = SHARD_ROWS // self.rows
        index = -1
        tokens = weights = torch.empty(0)
        while True:
            if step // per_shard != index:
                index = step // per_shard
                tokens, weights = self.shard(index * self.team.ranks + self.team.rank)
            start = step % per_shard * self.rows
            yield tokens[start : start + self.rows], weights[start : start + self.rows]
            step += 1
