"""The command line: a scan without server, its files, and what it says when something is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from app.contracts.comparisons import CompareResult
from tests.support.small_corpus import write_corpus
from tests.worker.tiny_models import make_tiny

ROOT = Path(__file__).resolve().parents[2]


def babelscope(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with an empty data folder."""
    command = ["env", f"DATA_DIR={folder / 'data'}", "DEVICE=cpu", "THREADS=1", sys.executable, "-m", "app.cli", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_tiny("llama", folder / "model", layers=3, max_position_embeddings=128)
    write_corpus(folder / "corpus")
    return folder


def scan(inputs: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    model, corpus, out = str(inputs / "model"), str(inputs / "corpus"), str(folder / "out")
    return babelscope("scan", model, "--corpus", corpus, "--languages", "ja,nld", "--out", out, *more, folder=folder)


@pytest.mark.slow
def test_a_scan_writes_its_three_files(inputs: Path, tmp_path: Path) -> None:
    done = scan(inputs, tmp_path, "--preset", "paper")
    assert done.returncode == 0, done.stderr
    scores = pq.read_table(tmp_path / "out" / "scores.parquet")
    assert scores.num_rows == 3 * 48 * 2 * 2
    assert set(scores["language"].to_pylist()) == {"ja", "nl"}
    assert {"layer", "neuron", "type", "candidate", "score", "score_loo", "eta2", "p_active", "mean_activation"} <= set(
        scores.column_names
    )
    document = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert document["spec"]["settings"]["preset"] == "paper"
    assert document["summary"]["card"]["parity"]["passed"] is True
    assert pq.read_table(tmp_path / "out" / "layers.parquet").num_rows == 4 * 2


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--languages", "fr"), "has no sentences in fr; it has en, ja, nl"),
        (("--languages", "qqq"), "qqq"),
        (("--set", "sentences=3"), "is not a setting"),
        (("--set", "max_sentences=1"), "max_sentences"),
        (("--preset", "mine"), "is not a preset"),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_nothing(
    inputs: Path, tmp_path: Path, more: tuple[str, ...], sentence: str
) -> None:
    done = scan(inputs, tmp_path, *more)
    assert done.returncode != 0
    assert sentence in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_model_that_is_not_there_is_named(inputs: Path, tmp_path: Path) -> None:
    corpus = str(inputs / "corpus")
    done = babelscope("scan", "./nowhere", "--corpus", corpus, "--languages", "ja", folder=tmp_path)
    assert done.returncode == 1
    assert "./nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_export_of_an_unknown_run_is_a_sentence(tmp_path: Path) -> None:
    babelscope("doctor", folder=tmp_path)
    done = babelscope("export", "nothing", "--out", str(tmp_path / "out"), folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_doctor_names_every_part(tmp_path: Path) -> None:
    done = babelscope("doctor", "--json", folder=tmp_path)
    checks = {check["part"]: check for check in json.loads(done.stdout)}
    assert {"python", "web", "worker", "device", "disk", "database"} <= set(checks)
    assert checks["web"]["state"] == checks["device"]["state"] == "good"
    assert "makes it" in checks["database"]["mend"]
    assert done.returncode == 0


@pytest.mark.slow
def test_a_comparison_is_written_without_a_server(inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("layer,neuron\n0,3\n2,40\n", "utf-8")
    (tmp_path / "beyond.csv").write_text("layer,neuron\n7,3\n", "utf-8")
    asked = ("compare", str(inputs / "model"), "--prompt", "I see a cat", "--controls", "2", "--tokens", "4", "--json")
    done = babelscope(*asked, "--set", str(tmp_path / "set.csv"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = CompareResult.model_validate_json(done.stdout)
    assert {(one.role, one.draw) for one in result.outputs} == {
        ("normal", 0), ("ablated", 0), ("control", 0), ("control", 1)
    }  # fmt: skip
    assert all(len(one.tokens) <= 4 for one in result.outputs)
    edit = next(one.edit for one in result.outputs if one.role == "ablated")
    assert edit is not None
    assert edit.reached == 2
    beyond = babelscope(*asked, "--set", str(tmp_path / "beyond.csv"), folder=tmp_path)
    assert beyond.returncode == 1
    assert "The model has the layers 0–2" in beyond.stderr
