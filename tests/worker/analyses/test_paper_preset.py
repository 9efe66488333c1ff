"""The paper preset gives what the paper defines: same top 1,000, errors below 1e-6."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.support.scans import scan_folder
from tests.worker.analyses.paper_definition import paper_scores
from tests.worker.tiny_models import make_tiny

DEMO = Path(__file__).resolve().parents[3] / "demo"
PAIRS = 40


def write_pairs(folder: Path) -> list[tuple[str, str]]:
    """Forty parallel sentences of the demo corpus, English and Japanese, with one pair repeated."""
    lines = [(DEMO / "corpus" / f"{code}.txt").read_text("utf-8").splitlines()[:PAIRS] for code in ("en", "ja")]
    pairs = list(zip(*lines, strict=True))
    pairs[7] = pairs[3]
    folder.mkdir()
    text = "".join(f"{pivot}\t{ours}\n" for pivot, ours in pairs)
    (folder / "ja-en.tsv").write_text(text, "utf-8")
    return pairs


def model_folder(name: str, folder: Path) -> Path:
    """The demo model, or a random one of 8 layers x 256 neurons."""
    if name == "demo":
        shutil.copytree(DEMO / "model", folder)
        return folder
    sizes = {
        "llama": {"intermediate_size": 256, "max_position_embeddings": 512},
        "gpt2": {"n_inner": 256, "n_positions": 512},
    }
    return make_tiny(name, folder, layers=8, **sizes[name])


@pytest.mark.parametrize("name", ["demo", "llama", "gpt2"])
def test_paper_preset_equals_the_papers_definition(name: str, tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "corpus")
    folder = model_folder(name, tmp_path / "model")
    found = scan_folder(folder, tmp_path / "corpus", ("ja",), "en", "paper", tmp_path)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    slow = paper_scores(model, AutoTokenizer.from_pretrained(folder), pairs)
    for row, kind in enumerate((1, 2)):
        ours = found.score(kind, "ja").double()
        error = float((ours - slow[row]).abs().max())
        assert error <= 1e-6
        candidates = slice(0, found.split) if kind == 1 else slice(found.split, None)
        wanted = min(1000, ours[candidates].numel() // 2)
        defined = slow[row][candidates].flatten()
        cut = float(defined.topk(wanted).values[-1])
        # Neurons whose scores lie closer to the cut than the two computations to each other may stand on either side.
        apart = set(top(ours[candidates], wanted)) ^ set(top(defined, wanted))
        assert len(apart) <= 4
        assert all(abs(float(defined[neuron]) - cut) <= 2 * error for neuron in apart)


def top(scores: torch.Tensor, count: int) -> list[int]:
    return scores.flatten().topk(count).indices.tolist()
