"""Geometry and specificity on a real scan of a tiny random model, against definitions written slowly in float64."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from sklearn.metrics import average_precision_score, roc_auc_score

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.contracts import specificity
from app.contracts.geometry import LAYER_METRICS, LEVEL_METRICS, GeometryResult, GeometrySpec
from app.contracts.specificity import SpecificityResult, SpecificitySpec
from app.db.arrays import ArrayStore
from app.main import create_app
from app.settings import Settings
from tests.support.experiments import run_experiment, store_experiment
from tests.support.scans import Scan, scan_folder
from tests.support.small_corpus import parallel_lines, write_corpus
from tests.worker.tiny_models import make_tiny
from worker.analyses.geometry import GEOMETRY
from worker.analyses.specificity import SPECIFICITY
from worker.model.loading import load
from worker.model.reading import Readings, read_sentences
from worker.numerics.controls import matched

LANGUAGES = ("nl", "ja")
TOP, DRAWS, NEIGHBOURS, BATCH = 9, 3, 5, 256


@dataclass
class Done:
    """A scan with a geometry experiment of it."""

    scan: Scan
    folder: Path
    spec: GeometrySpec
    result: GeometryResult

    def array(self, name: str, **where: object) -> np.ndarray:
        with self.scan.sessions() as session:
            return ArrayStore(session).get(self.spec.experiment_id, name.format(**where))

    def neurons(self, kind: int, language: str) -> dict[int, list[int]]:
        pairs = self.array(contract.NEURONS, type=kind, language=language)
        return {int(layer): pairs[pairs[:, 0] == layer, 1].tolist() for layer in np.unique(pairs[:, 0])}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("geometry")
    model = make_tiny("llama", folder / "model", layers=3, max_position_embeddings=128)
    corpus = write_corpus(folder / "corpus")
    scan = scan_folder(model, corpus, LANGUAGES, "en", "corrected", folder, ("detail_neurons=0",))
    spec = GeometrySpec(
        experiment_id="geo", run_id=scan.run_id, model_id=scan.run.model.id, top=TOP, draws=DRAWS,
        positions="prompt", block_sentences=7, batch_tokens=BATCH,
    )  # fmt: skip
    with scan.sessions.begin() as session:
        store_experiment(session, spec)
    return Done(
        scan, folder, spec, GeometryResult.model_validate(run_experiment(GEOMETRY, spec, scan.sessions, folder))
    )


def read_without(folder: Path, texts: list[str], neurons: dict[int, list[int]]) -> Readings:
    """Read with the neurons' value vectors deleted from the weights: at every token, what zeroing them comes to."""
    model = load(str(folder / "model"), device="cpu")
    with torch.no_grad():
        for layer, chosen in neurons.items():
            weight = model.inside(layer, model.site.down).get_parameter("weight")
            weight[:, chosen] = 0
    found = read_sentences(model, texts, "mean", BATCH)
    for layer, chosen in neurons.items():
        found.activations[:, layer, chosen] = 0
    return found


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def slow_metrics(pivot: np.ndarray, normal: np.ndarray, changed: np.ndarray) -> dict[str, float]:
    """The definitions, pair by pair."""
    n = len(pivot)
    cosines = unit(pivot) @ unit(changed).T
    same = float(np.mean([cosines[i, i] for i in range(n)]))
    other = float(np.mean([cosines[i, j] for i in range(n) for j in range(n) if i != j]))
    own, others = unit(changed - changed.mean(0)), unit(pivot - pivot.mean(0))
    shared, hits = 0, 0
    for i in range(n):
        near = [sorted((j for j in range(n) if j != i), key=lambda j: -float(side[i] @ side[j]))[:NEIGHBOURS]
                for side in (own, others)]  # fmt: skip
        shared += len(set(near[0]) & set(near[1]))
        hits += all(own[i] @ others[i] > own[i] @ others[j] for j in range(n) if j != i)
    c, p = changed.mean(0), pivot.mean(0)
    return {
        "parallel": same,
        "nonparallel": other,
        "gap": same - other,
        "mutual_knn": shared / (n * NEIGHBOURS),
        "retrieval": hits / n,
        "centroid_cosine": float(c @ p / np.linalg.norm(c) / np.linalg.norm(p)),
        "shift": float(np.linalg.norm(changed - normal, axis=1).mean() / np.linalg.norm(normal, axis=1).mean()),
    }


@pytest.mark.parametrize(
    ("kind", "language", "condition"),
    [(1, "nl", "normal"), (1, "nl", "own"), (2, "ja", "own"), (1, "ja", "draw/2"), (1, "nl", "from/ja")],
)
def test_every_metric_is_its_definition(done: Done, kind: int, language: str, condition: str) -> None:
    lines = parallel_lines()
    conditions = done.result.conditions[language]
    assert conditions == ("normal", "own", "draw/0", "draw/1", "draw/2", "from/" + ("ja" if language == "nl" else "nl"))
    owner = condition.removeprefix("from/") if condition.startswith("from/") else language
    neurons = {} if condition == "normal" else done.neurons(kind, owner)
    if condition.startswith("draw/"):
        drawn = matched(neurons, 48, DRAWS, done.spec.seed)[2]
        neurons = {layer: found.tolist() for layer, found in drawn.items()}
    pivot, normal = (read_without(done.folder, lines[code], {}) for code in ("en", language))
    changed = read_without(done.folder, lines[language], neurons)
    row = conditions.index(condition)
    levels = done.array(contract.LEVELS, type=kind, language=language)[row]
    layers = done.array(contract.LAYERS, type=kind, language=language)[row]
    for level in range(4):
        wanted = slow_metrics(*(one.states[:, level].double().numpy() for one in (pivot, normal, changed)))
        for name in LEVEL_METRICS:
            assert levels[LEVEL_METRICS.index(name), level] == pytest.approx(wanted[name], abs=2e-4), (name, level)
    vectors = load(str(done.folder / "model"), device="cpu")
    for layer in range(3):
        ours, theirs = (one.activations[:, layer].double().numpy() for one in (changed, pivot))
        same = np.mean([unit(ours)[i] @ unit(theirs)[i] for i in range(len(ours))])
        assert layers[LAYER_METRICS.index("activation_parallel"), layer] == pytest.approx(same, abs=1e-4)
        chosen = neurons.get(layer, [])
        writes = normal.activations[:, layer, chosen].double() @ vectors.value_vectors(layer)[chosen].double()
        length = normal.states[:, layer + 1].double().norm(dim=1).mean()
        share = float(writes.norm(dim=1).mean() / length)
        assert layers[LAYER_METRICS.index("written"), layer] == pytest.approx(share, abs=1e-5)


def test_the_neurons_are_the_best_candidates_and_cosines_those_of_centroids(done: Done) -> None:
    score = done.scan.score(1, "ja").numpy()
    split = done.scan.split
    candidates = [(score[layer, n], -layer, -n) for layer in range(split) for n in range(48)]
    best = sorted((-layer, -n) for _, layer, n in sorted(candidates, reverse=True)[:TOP])
    assert best == [tuple(row) for row in done.array(contract.NEURONS, type=1, language="ja").tolist()]
    lines = parallel_lines()
    zeroed = {code: read_without(done.folder, lines[code], done.neurons(1, code)) for code in LANGUAGES}
    zeroed["en"] = read_without(done.folder, lines["en"], {})
    found = done.array(contract.COSINES, condition="type1")
    for level in range(4):
        means = [zeroed[code].states[:, level].double().mean(0).numpy() for code in ("en", "nl", "ja")]
        wanted = unit(np.stack(means)) @ unit(np.stack(means)).T
        np.testing.assert_allclose(found[level], wanted, atol=1e-5)


def test_unchanged_states_lie_where_the_map_has_them(done: Done) -> None:
    assert done.result.mapped == "pca"
    x0, y0, x1, y1 = done.scan.run.summary.maps["pca"].bounds
    spoken, rows = done.scan.array(names.MAP_LANGUAGE).numpy(), done.scan.array(names.MAP_ROW).numpy()
    for level in range(4):
        points = done.scan.array(names.MAP_POINTS.format(method="pca", level=level)).double().numpy()
        units = (points / 32767 + 1) / 2 * [x1 - x0, y1 - y0] + [x0, y0]
        before = done.array(contract.MAP_BEFORE, language="ja")[level]
        own = np.flatnonzero(spoken == 2)
        order = own[np.argsort(rows[own])]
        np.testing.assert_allclose(before, units[order], atol=2e-3 * max(x1 - x0, y1 - y0))
    after = done.array(contract.MAP_AFTER, type=2, language="ja")
    assert np.isfinite(after).all()
    moved = np.abs(after - done.array(contract.MAP_BEFORE, language="ja")).max(axis=(1, 2))
    assert moved[-1] > 1e-3, "zeroing Type-2 neurons moves the last level"
    assert moved[0] < 1e-6, "and never the embedding"


def test_nothing_temporary_stays_and_the_edit_is_summed(done: Done) -> None:
    with done.scan.sessions() as session:
        assert ArrayStore(session).names("geo", "part/") == []
    for one in done.result.brief:
        layers = done.array(contract.LAYERS, type=one.type, language=one.language)
        assert one.edit == pytest.approx(layers[1, 2].sum(), rel=1e-5)
        assert one.neurons == TOP
        assert one.pairs == 24


def test_its_page_and_files(done: Done) -> None:
    settings = Settings(database_url=f"sqlite:///{done.folder / 'scan.db'}", data_dir=done.folder)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        form = client.get(f"/experiments/new/geometry?run={done.scan.run_id}").text
        assert "all prompt tokens but the first" in form
        assert "PCA" in form
        for kind in (1, 2):
            page = client.get(f"/experiments/geo?type={kind}&level=2&cross=retrieval")
            assert page.status_code == 200
            assert "Neurons of another language" in page.text
            assert f"Type-{kind} zeroed" in page.text
            assert "Without a hue: normal" in page.text  # the line is black or white, as the theme has it
            assert page.text.count("<svg") >= 12
            overlay = f"geo.ja.{kind}"
            assert f'href="/runs/{done.scan.run_id}/map?level=2&amp;overlay={overlay}"' in page.text
            places = client.get(f"/api/runs/{done.scan.run_id}/map/overlay/{overlay}/2").json()
            after = done.array(contract.MAP_AFTER, type=kind, language="ja")[2]
            assert sorted(places["x_zeroed"]) == pytest.approx(sorted(after[:, 0].tolist()))
        drawn = client.get("/experiments/geo/figures/map.svg?type=2&level=3").text
        assert "level 3" in drawn
        rows = client.get("/experiments/geo.csv").text.splitlines()
        assert len(rows) == 1 + 2 * 2 * 6 * 4
        assert rows[0].startswith("type,language,condition,level,parallel")
        crossed = client.get("/experiments/geo/figures/cross.json?type=1&cross=gap").json()
        levels = done.array(contract.LEVELS, type=1, language="nl")
        gap = LEVEL_METRICS.index("gap")
        wanted = [1, "nl", "ja", float(levels[0, gap, 1]), float(levels[5, gap, 1])]
        assert any(row[:5] == pytest.approx(wanted) for row in crossed["rows"] if row[:3] == wanted[:3])
        asked = {"run": done.scan.run_id, "types": "1", "draws": "0", "cross": "no", "map": "", "top": "5"}
        assert client.post("/experiments/geometry", data=asked).status_code == 303
        asked["map"] = "umap"
        assert "has no map “umap”; it has pca" in client.post("/experiments/geometry", data=asked).text


def test_specificity_of_every_neuron_is_its_definition(done: Done) -> None:
    spec = SpecificitySpec(
        experiment_id="spe", run_id=done.spec.run_id, model_id=done.spec.model_id, tops=(3, 9), sentences=20,
        resamples=20, block_sentences=8, families={"Germanic": ("en", "nl")}, batch_tokens=BATCH,
    )  # fmt: skip
    with done.scan.sessions.begin() as session:
        store_experiment(session, spec)
    result = SpecificityResult.model_validate(run_experiment(SPECIFICITY, spec, done.scan.sessions, done.folder))
    assert result.labels == ("en", "nl", "ja", "family/Germanic")
    assert result.sentences == {"en": 20, "nl": 20, "ja": 20}
    kept = np.sort(np.random.default_rng(spec.seed).permutation(24)[:20])
    lines = parallel_lines()
    read = [read_without(done.folder, [lines[code][k] for k in kept], {}).activations for code in ("en", "nl", "ja")]
    values = torch.cat(read).double().numpy()
    with done.scan.sessions() as session:
        store = ArrayStore(session)
        found = {
            (metric, label): store.get("spe", specificity.NEURONS.format(metric=metric, label=label))
            for metric in specificity.METRICS
            for label in ("ja", "family/Germanic")
        }
        assert store.names("spe", "part/") == []
    for label, own in (("ja", np.arange(60) >= 40), ("family/Germanic", np.arange(60) < 40)):
        for layer, neuron in ((0, 0), (1, 17), (2, 47)):
            x = values[:, layer, neuron]
            between = sum((own == side).sum() * (x[own == side].mean() - x.mean()) ** 2 for side in (True, False))
            eta2 = between / ((x - x.mean()) ** 2).sum()
            assert found["eta2", label][layer, neuron] == pytest.approx(eta2, abs=1e-5)
            assert found["auc", label][layer, neuron] == pytest.approx(roc_auc_score(own, x), abs=1e-5)
            assert found["ap", label][layer, neuron] == pytest.approx(average_precision_score(own, x), abs=1e-5)
    row = next(r for r in result.top if (r.type, r.language, r.top, r.label) == (1, "ja", 9, "ja"))
    pairs = done.array(contract.NEURONS, type=1, language="ja")
    assert row.eta2.value == pytest.approx(found["eta2", "ja"][pairs[:, 0], pairs[:, 1]].mean(), abs=1e-5)
    assert row.eta2.low is not None
    assert row.eta2.high is not None
    assert row.eta2.low <= row.eta2.high
    settings = Settings(database_url=f"sqlite:///{done.folder / 'scan.db'}", data_dir=done.folder)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        page = client.get("/experiments/spe?top=3&label=family/Germanic").text
        assert "Distribution for Germanic" in page
        assert "Type-1 · ja · best 9" in page
        assert page.count("<svg") >= 10
        lines_of = client.get("/experiments/spe.csv").text.splitlines()
        assert len(lines_of) == 1 + len(result.top) + 4
        form = client.get(f"/experiments/new/specificity?run={done.scan.run_id}&tops=many").text
        assert "such as 10 100 1000" in form
