"""A whole scan on a real (tiny, random) model: every array of the contract, exact against the model itself."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from app.contracts import arrays as names
from app.db.exports import write_run
from app.db.runs import finished_run
from tests.support.scans import Scan, scan_folder
from tests.support.small_corpus import parallel_lines, write_corpus
from tests.worker.tiny_models import make_tiny
from worker.model.loading import load
from worker.model.reading import read_sentences, read_token_activations

LAYERS, NEURONS, HIDDEN, BATCH = 4, 48, 32, 256
LANGUAGES, EVERYONE = ("nl", "ja"), ("en", "nl", "ja")


def scan(folder: Path, *settings: str, preset: str = "corrected") -> Scan:
    model = make_tiny("llama", folder / "model", layers=LAYERS, max_position_embeddings=128)
    corpus = write_corpus(folder / "corpus")
    return scan_folder(model, corpus, LANGUAGES, "en", preset, folder, settings)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scan, Path]:
    folder = tmp_path_factory.mktemp("scan")
    return scan(folder, "shard_sentences=7"), folder


def test_every_array_of_the_contract_is_stored_and_no_temporary_one(done: tuple[Scan, Path]) -> None:
    found = set(done[0].names())
    levels, layers = range(LAYERS + 1), range(LAYERS)
    wanted = {names.CENTROIDS, names.CENTROID_COSINE, names.LANGUAGE_ACCURACY, names.MAKEUP_BASE}
    wanted |= {names.MAP_LANGUAGE, names.MAP_SENTENCE, names.MAP_GROUP, names.MAP_ROW}
    wanted |= {names.VOCABULARY_BYTES, names.VOCABULARY_OFFSETS}
    for name in (names.SENTENCES, names.GROUPS, names.TOKENS, names.TOKEN_IDS, names.TOKEN_OFFSETS, names.ETA2):
        wanted |= {name.format(language=code) for code in EVERYONE}
    for name in (names.ACTIVATION_MEAN, names.ACTIVATION_SD, names.ACTIVATION_POSITIVE):
        wanted |= {name.format(language=code) for code in EVERYONE}
    for name in (names.SCORE, names.SCORE_SD, names.SCORE_LOO, names.SCORE_CONTRAST):
        wanted |= {name.format(type=kind, language=code) for code in LANGUAGES for kind in (1, 2)}
    wanted |= {
        names.LAYER_METRIC.format(metric=metric, language=c) for metric in names.LAYER_METRICS for c in LANGUAGES
    }
    wanted |= {names.PAIRS.format(language=code) for code in LANGUAGES}
    for name in (names.REDUCED, names.REDUCED_MEAN, names.REDUCED_AXES):
        wanted |= {name.format(level=level) for level in levels}
    wanted |= {names.MAP_POINTS.format(method="pca", level=level) for level in levels}
    details = [value for key, value in vars(names).items() if key.startswith("DETAIL_")]
    wanted |= {name.format(layer=layer) for name in details for layer in layers}
    assert found == wanted


def test_statistics_and_states_are_those_of_the_model(done: tuple[Scan, Path]) -> None:
    found, folder = done
    model = load(str(folder / "model"), device="cpu")
    texts = parallel_lines()
    for code in EVERYONE:
        read = read_sentences(model, texts[code], "mean", BATCH)
        mean = found.array(names.ACTIVATION_MEAN.format(language=code))
        assert torch.allclose(mean, read.activations.mean(dim=0), atol=1e-5)
        positive = found.array(names.ACTIVATION_POSITIVE.format(language=code))
        assert torch.allclose(positive, (read.activations > 0).float().mean(dim=0))
        centroid = found.array(names.CENTROIDS)[:, EVERYONE.index(code)]
        assert torch.allclose(centroid, read.states.mean(dim=0), atol=1e-4)


def test_examples_are_the_strongest_sentences_with_their_token_activations(done: tuple[Scan, Path]) -> None:
    found, folder = done
    model = load(str(folder / "model"), device="cpu")
    layer, column = 2, 1
    texts = parallel_lines()["nl"]
    chosen = found.array(names.DETAIL_NEURONS.format(layer=layer))
    top = found.array(names.DETAIL_TOP.format(layer=layer))
    pooled = read_sentences(model, texts, "mean", BATCH).activations[:, layer]
    tokens = read_token_activations(model, texts, {layer: chosen.long()}, BATCH)
    offsets = found.array(names.DETAIL_HEAT_OFFSETS.format(layer=layer))
    heat = found.array(names.DETAIL_HEAT.format(layer=layer)).float()
    per_language = top.shape[2]
    for place in (0, 5, len(chosen) - 1):
        rows = top[place, column].tolist()
        best = pooled[:, chosen[place]].topk(per_language)
        assert torch.allclose(pooled[rows, chosen[place]], best.values, atol=1e-5)
        for example, row in enumerate(rows):
            slot = (place * len(EVERYONE) + column) * per_language + example
            shown = heat[offsets[slot] : offsets[slot + 1]]
            assert torch.allclose(shown, tokens[row].activations[:, place], atol=2e-3, rtol=2e-3)


def test_shards_change_nothing(done: tuple[Scan, Path], tmp_path: Path) -> None:
    whole = scan(tmp_path, "shard_sentences=128")
    for name in done[0].names():
        if name.startswith(("score", "activation", "eta2", "layer/", "centroid", "token", "pairs", "sentences")):
            ours, other = done[0].array(name).float(), whole.array(name).float()
            assert torch.allclose(ours, other, atol=2e-5, equal_nan=True), name


def test_make_ups_are_shares_of_the_languages_and_of_none(done: tuple[Scan, Path]) -> None:
    base = done[0].array(names.MAKEUP_BASE)
    shares = done[0].array(names.DETAIL_MAKEUP.format(layer=1))
    assert base.shape == (len(EVERYONE) + 1,)
    assert shares.shape == (NEURONS, 2, len(EVERYONE) + 1)
    assert float(base.sum()) == pytest.approx(1)
    assert torch.allclose(shares.sum(dim=2), torch.ones(NEURONS, 2), atol=1e-5)


def test_map_points_belong_to_their_sentences(done: tuple[Scan, Path]) -> None:
    found = done[0]
    languages = found.array(names.MAP_LANGUAGE).long()
    sentences, groups = found.array(names.MAP_SENTENCE), found.array(names.MAP_GROUP)
    assert sorted(sentences.tolist()) == list(range(1, 73))
    for group in range(24):
        assert sorted(languages[groups == group].tolist()) == [0, 1, 2]
    points = found.array(names.MAP_POINTS.format(method="pca", level=3))
    assert points.dtype == torch.int16
    assert points.shape == (72, 2)


def test_exports_hold_every_neuron_once(done: tuple[Scan, Path], tmp_path: Path) -> None:
    with done[0].sessions() as session:
        scores, layers, document = write_run(session, done[0].run_id, tmp_path / "out")
        summary = finished_run(session, done[0].run_id).summary
    table = pq.read_table(scores)
    assert table.num_rows == LAYERS * NEURONS * len(LANGUAGES) * 2
    row = table.filter((table["layer"].to_numpy() == 3) & (table["neuron"].to_numpy() == 7)).to_pylist()
    assert {(one["language"], one["type"]) for one in row} == {(code, kind) for code in LANGUAGES for kind in (1, 2)}
    for one in row:
        expected = done[0].score(one["type"], one["language"])[3, 7]
        assert one["score"] == pytest.approx(float(expected))
        assert one["candidate"] == (one["type"] == 2), "layer 3 of 4 lies above the split"
    assert summary.split == 2
    assert pq.read_table(layers).num_rows == (LAYERS + 1) * len(LANGUAGES)
    assert '"preset": "custom"' not in document.read_text("utf-8"), "shards are no choice that changes numbers"


def test_last_level_is_not_the_normed_hidden_state(done: tuple[Scan, Path]) -> None:
    found, folder = done
    model = load(str(folder / "model"), device="cpu")
    ids = model.tokenizer(parallel_lines()["en"][0], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        normed = model.network(ids, output_hidden_states=True).hidden_states[-1][0, 1:].mean(dim=0)
    raw = read_sentences(model, parallel_lines()["en"][:1], "mean", BATCH).states[0, -1]
    assert not torch.allclose(normed, raw, atol=1e-2)
    assert np.isfinite(found.array(names.CENTROIDS).numpy()).all()


def test_the_split_can_follow_the_similarity_gap(tmp_path: Path) -> None:
    found = scan(tmp_path, "candidate_rule=similarity_gap")
    gaps = [found.array(names.LAYER_METRIC.format(metric="gap", language=code)) for code in LANGUAGES]
    best = int(torch.stack(gaps).mean(dim=0).argmax())
    assert found.split == min(max(best, 1), LAYERS - 1)
