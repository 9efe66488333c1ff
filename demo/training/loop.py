"""The training loop: phases of steps from a recipe, checkpoints that continue exactly, a line of log a while."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerBase

from demo.training.network import Network
from demo.training.objective import alignment_loss, language_loss, naming_loss, padded, writing_losses
from demo.training.optimiser import Optimiser
from demo.training.owners import token_owners
from demo.training.quality import exact_match
from demo.training.recipe import Phase, Recipe
from demo.training.stream import BOS, EOS, PAD, ROW, Encoder, Stream
from demo.training.team import Team
from demo.world.parallel import Pairs
from demo.world.polyglot import World

PAIRS = 16
LOG_EVERY, SAVE_EVERY = 25, 200


@dataclass
class Run:
    """A training run: network, optimiser, and the step it has reached."""

    network: Network
    optimiser: Optimiser
    team: Team
    step: int = 0

    @classmethod
    def start(cls, recipe: Recipe, team: Team, device: torch.device | None = None) -> Run:
        """A fresh run from the recipe's seed, on the processor unless a device is given."""
        torch.manual_seed(recipe.seed)
        network = Network(recipe.shape).to(device or torch.device("cpu"))
        return cls(network, Optimiser(network, recipe.decay, recipe.boost, team), team)

    def save(self, path: Path) -> None:
        """Write everything needed to go on, as safetensors."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.state().items()}
        save_file(tensors, path.with_suffix(".part"), metadata={"step": str(self.step)})
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        """Go on from a file that `save` wrote."""
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "optimiser": {}}
        with safe_open(path, "pt") as file:
            self.step = int(file.metadata()["step"])
            for key in file.keys():  # noqa: SIM118 - the file is not a mapping
                part, name = key.split(".", 1)
                parts[part][name] = file.get_tensor(key)
        self.network.load_state_dict(parts["network"])
        self.optimiser.load(parts["optimiser"])


def export(network: Network, folder: Path, dtype: torch.dtype = torch.bfloat16) -> None:
    """Write a plain LlamaForCausalLM: configuration, generation configuration (greedy) and weights."""
    folder.mkdir(parents=True, exist_ok=True)
    config = network.shape.config()
    config.architectures = ["LlamaForCausalLM"]
    config.dtype = dtype
    config.save_pretrained(folder)
    generation = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, do_sample=False)  # type: ignore[no-untyped-call]
    generation.save_pretrained(folder)
    weights = {name: weight.to(dtype) for name, weight in network.exported().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@dataclass(frozen=True)
class Aids:
    """What the objective needs besides the batch."""

    encoder: Encoder
    pairs: Pairs
    owners: Tensor


def averaged(shares: dict[int, float], folder: Path) -> dict[str, Tensor]:
    """The mean of the weights exported at these steps, weighted by the shares, in bfloat16."""
    total = sum(shares.values())
    parts = {step: load_file(folder / f"step-{step}" / "model.safetensors") for step in shares}
    names = next(iter(parts.values()))
    return {
        name: torch.stack([part[name].float() * (shares[step] / total) for step, part in parts.items()])
        .sum(0)
        .to(torch.bfloat16)
        for name in names
    }


def loss_of(run: Run, phase: Phase, batch: tuple[Tensor, Tensor], aids: Aids) -> tuple[Tensor, str]:
    """The whole objective and its parts in words; ranks take turns with alignment and with what neurons write."""
    tokens, weights = batch
    network = run.network
    levels, activations = network.stream(tokens[:, :-1])
    language = language_loss(network, levels, tokens, weights)
    words = f"loss {language.item():.3f}"
    if (run.step + run.team.rank) % 2:
        writing = writing_losses(network, activations, phase)
        total, words = language + 2 * writing, f"{words} writing {writing.item():.4f}"
        if phase.neutral:
            named = naming_loss(network, levels, phase, aids.owners)
            total, words = total + 2 * named, f"{words} named {named.item():.4f}"
        return total, words
    aligned = alignment_loss(network, *padded(aids.encoder, aids.pairs.sides(PAIRS)), phase)
    return language + 2 * aligned, f"{words} aligned {aligned.item():.4f}"


def begin_again(run: Run, recipe: Recipe, weights: dict[str, Tensor]) -> None:
    """Go on from these exported weights with a new optimiser."""
    run.network.imported(weights)
    run.optimiser = Optimiser(run.network, recipe.decay, recipe.boost, run.team)


def train(run: Run, recipe: Recipe, tokenizer: PreTrainedTokenizerBase, folder: Path, *, begun: bool = False) -> None:
    """Train from the run's step to the end of the recipe, saving `state.safetensors` in the folder.

    `begun`: the run holds the weights its first phase begins from.
    """
    world, encoder, team = World(), Encoder(tokenizer), run.team
    owners = token_owners(world, encoder, run.network.shape.vocabulary)
    current, began, since = -1, time.monotonic(), run.step
    stream: Iterator[tuple[Tensor, Tensor]] = iter(())
    while run.step < recipe.steps:
        number, step = recipe.at(run.step)
        phase = recipe.phases[number]
        if number != current:
            if phase.begins_from and step == 0 and not (begun and current < 0):
                team.wait()
                begin_again(run, recipe, averaged(phase.begins_from, folder))
            current = number
            stream = Stream(encoder, f"{recipe.seed} phase {number}", recipe.rows, team, phase).batches(step)
        run.optimiser.rate = phase.rate[0] + (phase.rate[1] - phase.rate[0]) * step / phase.steps
        pairs = Pairs(world, random.Random(f"{recipe.seed} pairs {run.step} {team.rank}"), phase.pairing)
        total, words = loss_of(run, phase, next(stream), Aids(encoder, pairs, owners))
        torch.autograd.backward(total)
        team.average([parameter.grad for parameter in run.network.parameters()])
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), recipe.clip)
        run.optimiser.step()
        run.optimiser.clear()
        run.step += 1
        if team.rank == 0 and run.step % LOG_EVERY == 0:
            speed = (run.step - since) * recipe.ranks * recipe.rows * ROW / (time.monotonic() - began)
            print(f"{time.strftime('%H:%M:%S')} step {run.step} {words} {speed:.0f} tokens/s", flush=True)
            began, since = time.monotonic(), run.step
        if team.rank == 0 and run.step in recipe.kept:
            export(run.network, folder / f"step-{run.step}")
        if team.rank == 0 and (run.step % SAVE_EVERY == 0 or run.step == recipe.steps):
            run.save(folder / "state.safetensors")
            export(run.network, folder / "latest")
            print(exact_match(run.network, world, encoder, sample=4), flush=True)
