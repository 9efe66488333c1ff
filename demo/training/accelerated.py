"""Training on one accelerator: it plays the whole team, and replays a recorded step instead of launching its kernels.

A step of this model is some two thousand tiny kernels, whose launches take five times as long as the kernels. Text and
pairs are written ahead by other processes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoTokenizer

from demo.training.loop import PAIRS, Run, averaged, begin_again, export
from demo.training.objective import padded, whole_loss
from demo.training.owners import token_owners
from demo.training.quality import exact_match
from demo.training.recipe import Phase, Recipe
from demo.training.stream import ROW, SHARD_ROWS, Encoder, Stream
from demo.training.team import Team
from demo.world.parallel import Pairs
from demo.world.polyglot import World

WIDTH = 32  # tokens a sentence of a pair is padded to
UNRECORDED = 3  # steps of a phase before one is recorded: they allocate what the replays use
Block = tuple[NDArray[Any], ...]


@cache
def _writing(model: str) -> tuple[World, Encoder]:
    return World(), Encoder(AutoTokenizer.from_pretrained(model))


def write_block(recipe: Recipe, model: str, number: int, index: int) -> Block:
    """The text of consecutive steps of a phase: tokens, weights [steps, rows, 129], pairs' tokens and lengths."""
    torch.set_num_threads(1)
    world, encoder = _writing(model)
    phase, steps = recipe.phases[number], SHARD_ROWS // recipe.rows
    shards = []
    for rank in range(recipe.ranks):
        stream = Stream(encoder, f"{recipe.seed} phase {number}", recipe.rows, Team(rank, recipe.ranks), phase)
        shards.append(stream.shard(index * recipe.ranks + rank))
    tokens, weights = (
        torch.cat([shard[part].reshape(steps, recipe.rows, ROW + 1) for shard in shards], 1) for part in (0, 1)
    )
    sides = []
    for step in range(index * steps, (index + 1) * steps) if phase.align else ():
        pairs = Pairs(world, random.Random(f"{recipe.seed} pairs {number} {step}"), phase.pairing)
        sides.append(padded(encoder, pairs.sides(PAIRS), WIDTH))
    none = [(torch.empty(0), torch.empty(0))] * steps
    side_tokens, lengths = (torch.stack([side[part] for side in sides or none]).numpy() for part in (0, 1))
    return tokens.numpy().astype(np.int16), weights.numpy(), side_tokens.astype(np.int16), lengths


def steps_of(blocks: Iterator[Block], count: int, device: torch.device) -> Iterator[list[Tensor]]:
    """What each of `count` steps reads, on the accelerator: tokens, weights, pairs' tokens and lengths."""
    done = 0
    for block in blocks:
        tokens, weights, sides, lengths = (torch.from_numpy(part).to(device) for part in block)
        for step in range(min(len(tokens), count - done)):
            yield [tokens[step].long(), weights[step], sides[step].long(), lengths[step]]
        done += len(tokens)


@dataclass
class Recorded:
    """A step of one phase: run for the first few, then recorded and replayed on other text at another rate."""

    run: Run
    phase: Phase
    clip: float
    owners: Tensor
    taken: int = 0

    def _step(self) -> None:
        network, optimiser = self.run.network, self.run.optimiser
        tokens, weights, sides, lengths = self.inputs
        optimiser.clear()
        total, self.language = whole_loss(network, self.phase, (tokens, weights), (sides, lengths), self.owners)
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(network.parameters(), self.clip)
        optimiser.step()

    def take(self, inputs: list[Tensor], rate: float) -> None:
        """One step on this text."""
        if self.taken == 0:
            self.inputs = [part.clone() for part in inputs]
            self.side, self.graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
            self.run.optimiser.rate = torch.zeros((), device=self.owners.device)
        for kept, new in zip(self.inputs, inputs, strict=True):
            kept.copy_(new)
        assert isinstance(self.run.optimiser.rate, Tensor)
        self.run.optimiser.rate.fill_(rate)
        if self.taken < UNRECORDED:
            self.side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.side):
                self._step()
            torch.cuda.current_stream().wait_stream(self.side)
        else:
            if self.taken == UNRECORDED:
                self.run.optimiser.clear()
                with torch.cuda.graph(self.graph):  # records, computes nothing
                    self._step()
            self.graph.replay()
        self.taken += 1


def train_accelerated(recipe: Recipe, folder: Path, model: Path, writers: int) -> Run:
    """Train from nothing to the end of the recipe on a CUDA device; `writers` processes write the text ahead.

    The alignment and writing losses are taken on every step of one process, where a team of processes takes turns: the
    same objective on average.
    """
    device = torch.device("cuda")
    run = Run.start(recipe, Team(), device)
    world, encoder = _writing(str(model))
    owners = token_owners(world, encoder, recipe.shape.vocabulary).to(device)
    steps = SHARD_ROWS // recipe.rows
    plan = [(number, -(-phase.steps // steps)) for number, phase in enumerate(recipe.phases)]
    tasks = list(chain.from_iterable(((number, index) for index in range(count)) for number, count in plan))
    with ProcessPoolExecutor(writers, mp_context=get_context("spawn")) as pool:
        count = len(tasks)
        blocks = pool.map(write_block, [recipe] * count, [str(model)] * count, *zip(*tasks, strict=True))
        for number, phase in enumerate(recipe.phases):
            if phase.begins_from:
                begin_again(run, recipe, averaged(phase.begins_from, folder))
            train_phase(run, recipe, number, Recorded(run, phase, recipe.clip, owners), blocks, folder)
            print(exact_match(run.network, world, encoder, sample=4), flush=True)
    return run


def train_phase(
    run: Run, recipe: Recipe, number: int, recorded: Recorded, blocks: Iterator[Block], folder: Path
) -> None:
    """Take every step of a phase, keep the weights the recipe names, and print a line of log."""
    phase, began, steps = recipe.phases[number], time.monotonic(), SHARD_ROWS // recipe.rows
    own = (next(blocks) for _ in range(-(-phase.steps // steps)))
    for step, inputs in enumerate(steps_of(own, phase.steps, recorded.owners.device)):
        recorded.take(inputs, phase.rate[0] + (phase.rate[1] - phase.rate[0]) * step / phase.steps)
        run.step += 1
        if run.step in recipe.kept:
            export(run.network, folder / f"step-{run.step}")
    seconds = time.monotonic() - began
    speed = phase.steps * recipe.ranks * recipe.rows * ROW / seconds
    print(f"phase {number} step {run.step} loss {recorded.language.item():.3f} {speed:.0f} tokens/s", flush=True)
