"""What an accelerator trains on and for: the same text and, on average, the same objective as a team of processes."""

import random
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from demo.training.accelerated import WIDTH, steps_of, write_block
from demo.training.loop import Aids, Run, loss_of
from demo.training.objective import padded, whole_loss
from demo.training.owners import token_owners
from demo.training.recipe import Recipe
from demo.training.stream import Encoder, Stream
from demo.training.team import Team
from demo.world.parallel import Pairs
from demo.world.polyglot import World

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return Recipe.model_validate_json((DEMO / "training" / "recipe.json").read_text())


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(AutoTokenizer.from_pretrained(DEMO / "model"))


def test_a_block_holds_the_text_of_every_member_of_the_team(recipe: Recipe, encoder: Encoder) -> None:
    block = write_block(recipe, str(DEMO / "model"), 9, 1)
    steps = list(steps_of(iter([block, block]), 130, torch.device("cpu")))
    assert len(steps) == 130  # 128 of the first block, two of the second
    tokens, weights, sides, lengths = steps[1]
    for rank in range(recipe.ranks):
        stream = Stream(encoder, f"{recipe.seed} phase 9", recipe.rows, Team(rank, recipe.ranks), recipe.phases[9])
        wanted, heavy = stream.shard(recipe.ranks + rank)
        rows = slice(recipe.rows * rank, recipe.rows * (rank + 1))
        torch.testing.assert_close(tokens[rows], wanted[recipe.rows : 2 * recipe.rows])
        torch.testing.assert_close(weights[rows], heavy[recipe.rows : 2 * recipe.rows])
    assert sides.shape == (32, WIDTH)
    assert int(lengths.max()) <= WIDTH
    texts = encoder.tokenizer.batch_decode([row[1:end] for row, end in zip(sides, lengths, strict=True)])
    assert len(set(texts)) > 16


def test_the_objective_is_the_mean_of_what_the_team_takes_turns_with(recipe: Recipe, encoder: Encoder) -> None:
    phase = recipe.phases[9]
    owners = token_owners(World(), encoder, recipe.shape.vocabulary)
    batch = Stream(encoder, "words", 4, Team(), phase).shard(0)
    batch = batch[0][:4], batch[1][:4]
    parts = []
    for rank in range(2):
        run = Run.start(recipe, Team(rank, 2))
        pairs = Pairs(World(), random.Random("pairs"), phase.pairing)
        parts.append(loss_of(run, phase, batch, Aids(encoder, pairs, owners))[0])
    texts = padded(encoder, Pairs(World(), random.Random("pairs"), phase.pairing).sides(16), WIDTH)
    whole, language = whole_loss(Run.start(recipe, Team()).network, phase, batch, texts, owners)
    torch.testing.assert_close(whole, torch.stack(parts).mean())
    assert float(language.detach()) < float(whole.detach())
