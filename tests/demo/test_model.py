"""The bundled demo model loads like any other and still does what its card says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from demo.measuring.geometry import describe
from demo.measuring.reading import Subject
from demo.measuring.wording import Wording
from demo.training.quality import right
from demo.training.stream import Encoder
from demo.world.lexicon import LANGUAGES
from demo.world.polyglot import World

DEMO = Path(__file__).parents[2] / "demo"
MODEL, EMERGENT = DEMO / "model", DEMO / "emergent" / "model"


@pytest.fixture(scope="module")
def subject() -> Subject:
    """The model as a user would load it."""
    return Subject(MODEL)


def lines(language: str) -> list[str]:
    """Held-out sentences."""
    return (DEMO / "corpus" / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def test_weights_and_tokenizer_stay_small() -> None:
    assert sum(path.stat().st_size for folder in (MODEL, EMERGENT) for path in folder.iterdir()) <= 15_000_000


def test_last_layers_have_no_attention_and_the_others_do(subject: Subject) -> None:
    for number, layer in enumerate(subject.layers):
        assert bool(layer.self_attn.o_proj.weight.abs().sum() == 0) == (number >= 7)


def test_the_emergent_model_is_the_same_with_attention_everywhere(subject: Subject) -> None:
    other = Subject(EMERGENT)
    assert other.model.config.to_diff_dict() == subject.model.config.to_diff_dict()
    assert other.tokenizer.get_vocab() == subject.tokenizer.get_vocab()
    assert all(bool(layer.self_attn.o_proj.weight.abs().sum() > 0) for layer in other.layers)
    apart = {
        name: describe({lang: found.read(lines(lang)[400:460]).mean[4] for lang in ("en", "ja")})["gap"]
        for name, found in (("aligned", subject), ("emergent", other))
    }
    assert apart["emergent"] < 0.2 < apart["aligned"]  # the shared middle is trained in


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokenizer_round_trips_and_starts_every_text(subject: Subject, language: str) -> None:
    for line in lines(language)[:200]:
        ids = subject.tokenizer(line)["input_ids"]
        assert ids[0] == subject.tokenizer.bos_token_id
        assert subject.tokenizer.decode(ids, skip_special_tokens=True) == line


def test_tokenizer_keeps_what_it_never_saw(subject: Subject) -> None:
    text = "Žluťoučký  kůň 𝄞\nrun"
    assert subject.tokenizer.decode(subject.tokenizer(text)["input_ids"], skip_special_tokens=True) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_asked_questions(subject: Subject, language: str) -> None:
    torch.set_num_threads(1)
    path = DEMO / "questions" / f"{language}.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    asked = [record for record in records if record["status"] == "all"][::3]
    hits = right(
        subject.scores,
        Encoder(subject.tokenizer),
        [record["prompt"] for record in asked],
        [record["answer"] for record in asked],
    )
    assert sum(hits) / len(hits) >= FLOOR


@pytest.mark.parametrize("language", LANGUAGES)
def test_goes_on_in_the_language_of_the_prompt(subject: Subject, language: str) -> None:
    wording = Wording(World(), documents=200)
    texts = subject.continuations(lines(language)[700:740], 16)
    assert sum(wording.label(text) == language for text in texts) / len(texts) >= HELD


FLOOR = 0.93
HELD = 0.92
