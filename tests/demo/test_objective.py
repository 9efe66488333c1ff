"""What the demo model's training minimises, against definitions written out."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from demo.training.loop import averaged, export
from demo.training.network import Block, Network, Shape
from demo.training.objective import neutral_loss, unevenness, write_count
from demo.training.owners import token_owners
from demo.training.recipe import Recipe
from demo.training.stream import Encoder
from demo.world.documents import Style, Writer
from demo.world.lexicon import LANGUAGES
from demo.world.parallel import Pairing, Pairs
from demo.world.polyglot import World

DEMO = Path(__file__).parents[2] / "demo"
SMALL = Shape(vocabulary=12, hidden=8, intermediate=6, layers=3, heads=2, silent=2, positions=16)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(1)
    return Network(SMALL)


def test_neutral_states_name_every_language_alike(network: Network) -> None:
    owners = torch.zeros(12, 3)
    owners[0:4, 0] = owners[4:8, 1] = owners[8:10, 2] = 1
    level = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(2))
    shares = network.logits(level).detach().double().softmax(-1)
    slow = 0.0
    for row in shares.flatten(0, 1):
        parts = [float(row[:4].sum()) + 1e-4, float(row[4:8].sum()) + 1e-4, float(row[8:10].sum()) + 1e-4]
        slow += sum(-math.log(part / sum(parts)) for part in parts) / 3 - math.log(3)
    assert float(neutral_loss(network, level, owners).detach()) == pytest.approx(slow / 10, rel=1e-4)
    even = torch.zeros(12, 3)
    even[0, 0] = even[1, 1] = even[2, 2] = 1
    assert float(neutral_loss(network, torch.zeros(1, 1, 8), even).detach()) == pytest.approx(0.0, abs=1e-6)


def test_few_neurons_that_write_much_cost_less_than_many_that_write_little(network: Network) -> None:
    many = [torch.full((1, 4, 6), 0.1) for _ in range(3)]
    one = [torch.zeros(1, 4, 6) for _ in range(3)]
    for activation in one:
        activation[..., 0] = 0.6
    sizes = []
    for activations in (many, one):
        slow = 0.0
        for layer in (1, 2):  # the silent ones
            block = network.blocks[layer]
            assert isinstance(block, Block)
            for neuron in range(6):
                size = float(activations[layer][..., neuron].abs().mean() * block.down[:, neuron].detach().norm())
                slow += math.sqrt(size + 1e-6)
        sizes.append(float(write_count(network, activations).detach()))
        assert sizes[-1] == pytest.approx(slow / 2, rel=1e-4)
    assert sizes[1] < sizes[0]


def test_unevenness_sees_one_long_token_and_no_padding() -> None:
    level = torch.ones(2, 4, 3)
    level[1, 3] = 1e6  # padding
    lengths = torch.tensor([4, 3])
    assert float(unevenness(level, lengths)) == pytest.approx(0.0)
    level[0, 2] *= math.e
    assert float(unevenness(level, lengths)) == pytest.approx(torch.tensor([0.0, 1.0, 0, 0, 0]).var().item(), rel=1e-5)


def test_weights_go_out_and_come_back(network: Network) -> None:
    other = Network(SMALL)
    other.imported(network.exported())
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, other.state_dict()[name])


def test_owned_tokens_are_the_language_s_own() -> None:
    tokenizer = AutoTokenizer.from_pretrained(DEMO / "model")
    owners = token_owners(World(), Encoder(tokenizer), Shape().vocabulary)
    assert set(owners.sum(1).tolist()) <= {0.0, 1.0}
    assert int(owners.sum()) > 1000
    for language, word in (("en", "▁the"), ("nl", "▁het"), ("it", "▁della"), ("ja", "です"), ("ko", "니다")):
        token = tokenizer.convert_tokens_to_ids(word)
        assert owners[token].argmax() == LANGUAGES.index(language), word


def test_mixed_documents_state_and_ask_but_never_ask_what_is_held_out() -> None:
    world = World()
    writer = Writer(world, random.Random(5), Style(mix={"mixed": 1.0}))
    never = {
        world.prompt(world.texts[fact, "ja"].question.text, "ja")
        for fact in world.facts
        if world.status[fact, "ja"] != "all"
    }
    kinds = set()
    for _ in range(400):
        texts = [segment.text for segment in writer.mixed("ja")]
        assert not never & set(texts)
        kinds |= {"答え" in text for text in texts}
    assert kinds == {True, False}


def test_pairs_follow_their_weights() -> None:
    pairs = Pairs(World(), random.Random(3), Pairing(weights={"en": 1.0, "ja": 3.0, "ko": 1.0}))
    drawn = [pairs.languages() for _ in range(600)]
    assert all(one != two for one, two in drawn)
    assert {language for pair in drawn for language in pair} == {"en", "ja", "ko"}
    assert 0.5 < sum(one == "ja" for one, _ in drawn) / 600 < 0.7


def test_the_recipe_is_read_and_restarts_where_weights_were_kept() -> None:
    recipe = Recipe.model_validate_json((DEMO / "training" / "recipe.json").read_text(encoding="utf-8"))
    number, step = recipe.at(recipe.restart)
    assert step == 0
    assert recipe.phases[number].begins_from
    assert not any(phase.begins_from for phase in recipe.phases[number + 1 :])
    before = 0
    for phase in recipe.phases:
        assert all(kept <= before for kept in phase.begins_from)
        before += phase.steps
    assert all(kept <= recipe.steps for kept in recipe.average)
    weights = load_file(DEMO / "model" / "model.safetensors")
    assert weights["model.embed_tokens.weight"].shape[0] == Shape().vocabulary


def test_finished_weights_are_the_mean_of_the_named_steps(tmp_path: Path, network: Network) -> None:
    other = Network(SMALL)
    for step, one in ((1, network), (2, other)):
        export(one, tmp_path / f"step-{step}", torch.float32)
    found = averaged({1: 1.0, 2: 3.0}, tmp_path)
    for name, weight in network.exported().items():
        expected = (weight + 3 * other.exported()[name]) / 4
        assert torch.allclose(found[name].float(), expected, atol=1e-2, rtol=1e-2)
