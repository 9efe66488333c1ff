"""What a GPU computes is what the processor computes; runs where there is one."""

from pathlib import Path

import pytest
import torch

from app.contracts.interventions import Sampling
from tests.worker.model.test_generation import zeros
from worker.model.edits import Neurons, RowEdits
from worker.model.generation import Writing
from worker.model.language_model import LanguageModel
from worker.model.loading import load
from worker.model.reading import read_sentences

DEMO = Path(__file__).parents[2] / "demo"
CHOSEN: Neurons = {layer: torch.arange(0, 512, 2) for layer in (7, 8, 9)}

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture(scope="module")
def both() -> list[LanguageModel]:
    return [load(str(DEMO / "model"), device=device, dtype="float32") for device in ("cpu", "cuda")]


def test_a_gpu_reads_what_the_processor_reads(both: list[LanguageModel]) -> None:
    lines = (DEMO / "corpus" / "ja.txt").read_text(encoding="utf-8").splitlines()[:60]
    slow, fast = (read_sentences(model, lines, "mean", 2048) for model in both)
    for name in ("stream", "activations", "states"):
        one, two = getattr(slow, name), getattr(fast, name).cpu()
        assert float((one - two).norm() / one.norm()) < 1e-4, name


def test_a_gpu_writes_what_the_processor_writes(both: list[LanguageModel]) -> None:
    written = []
    for model in both:
        prompt = model.tokenizer("今夜、ヒューゴは大きいコートを買います。")["input_ids"]
        edits = RowEdits.of(model, [{}, CHOSEN], zeros)
        writing = Writing(model, [prompt] * 2, edits, "all", Sampling(max_new_tokens=24), [0, 0])
        for _ in writing.steps():
            pass
        written.append(writing.tokens)
    assert written[0] == written[1]
    assert written[0][0] != written[0][1]
