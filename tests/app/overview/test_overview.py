import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from app.contracts import arrays as names
from app.db.arrays import ArrayStore
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.synthetic_run import write_synthetic_run

FIGURES = ("alignment", "distance", "accuracy", "neurons", "overlap", "centroids")


@dataclass(frozen=True)
class Figured:
    client: TestClient
    run: str
    without_pairs: str
    arrays: dict[str, np.ndarray]

    def get(self, path: str, status: int = 200, /, **query: str | int):
        answer = self.client.get(f"/runs/{self.run}{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture(scope="module")
def figured(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figured]:
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data")))
    with app.state.sessions.begin() as session:
        run, without = (
            write_synthetic_run(
                session, seed=seed, layers=5, neurons=60, hidden=16, sentences_per_language=12, detail=3
            )
            for seed in (1, 2)
        )
        store = ArrayStore(session)
        arrays = {name: store.get(run, name) for name in store.names(run)}
        for metric in ("parallel", "nonparallel", "gap", "mutual_knn", "mutual_knn_chance", "retrieval"):
            store.delete(without, f"layer/{metric}/")
    with TestClient(app) as client:
        yield Figured(client, run, without, arrays)


def test_the_page_has_every_figure_with_caption_files_and_numbers(figured: Figured):
    page = figured.get("/figures").text
    for name in FIGURES:
        part = page.split(f'id="figure-{name}"')[1].split("</figure>")[0]
        assert 'role="img"' in part
        assert "<figcaption>" in part
        assert "<table>" in part
        for ending in ("svg", "png", "csv", "json"):
            assert f"/runs/{figured.run}/figures/{name}.{ending}" in part
    assert "style=" not in page


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_file(figured: Figured, name: str):
    svg = figured.get(f"/figures/{name}.svg").text
    words = "".join(ET.fromstring(svg).itertext())
    assert figured.get(f"/figures/{name}.json").json()["title"] in words
    assert figured.get(f"/figures/{name}.png").content.startswith(b"\x89PNG")
    assert figured.get(f"/figures/{name}.svg", theme="dark").text != svg


@pytest.mark.parametrize("name", FIGURES)
def test_csv_and_json_hold_the_same_numbers(figured: Figured, name: str):
    table = figured.get(f"/figures/{name}.json").json()
    rows = list(csv.reader(io.StringIO(figured.get(f"/figures/{name}.csv").text)))
    assert rows[0] == table["columns"]
    assert len(rows) - 1 == len(table["rows"]) > 0
    last = [type(known)(found) for known, found in zip(table["rows"][-1], rows[-1], strict=True)]
    assert last == table["rows"][-1]
    answer = figured.client.get(f"/api/runs/{figured.run}/figures/{name}").json()
    assert answer == table


def test_the_numbers_are_the_stored_ones(figured: Figured):
    table = figured.get("/figures/alignment.json").json()
    stored = figured.arrays["layer/retrieval/hi"]
    found = [row[-1] for row in table["rows"] if row[1] == "hi"]
    np.testing.assert_allclose(found, stored, rtol=1e-6)
    cosine = figured.arrays["centroid_cosine"]
    for level, a, b, value in figured.get("/figures/centroids.json").json()["rows"]:
        i, j = (("en", "ja", "ar", "hi", "th").index(code) for code in (a, b))
        assert value == pytest.approx(float(cosine[level, i, j]), rel=1e-6)


@pytest.mark.parametrize("top", [1, 7, 50])
def test_the_histogram_counts_the_best_candidates(figured: Figured, top: int):
    split, neurons = 3, 60
    rows = figured.get("/figures/neurons.json", top=top).json()["rows"]
    for kind, code in ((1, "ja"), (2, "th")):
        score = figured.arrays[names.SCORE.format(type=kind, language=code)]
        part, first = (score[:split], 0) if kind == 1 else (score[split:], split)
        best = np.argsort(-part, axis=None)[:top]
        wanted = np.bincount(first + best // neurons, minlength=5).tolist()
        assert [row[1 + kind] for row in rows if row[1] == code] == wanted


def test_no_more_neurons_than_there_are_candidates(figured: Figured):
    answer = figured.get("/figures/neurons.json", top=10_000_000).json()
    assert sum(row[3] for row in answer["rows"] if row[1] == "ja") == 120  # 2 layers of 60 Type-2 candidates
    assert "10 000" not in answer["caption"]


def test_overlap_of_a_language_with_another(figured: Figured):
    rows = figured.get("/figures/overlap.json", top=100).json()["rows"]
    best = {}
    for code in ("ja", "ar"):
        part = figured.arrays[names.SCORE.format(type=2, language=code)][3:]
        best[code] = set(np.argsort(-part, axis=None)[:100].tolist())
    wanted = len(best["ja"] & best["ar"]) / 100
    assert next(row[3] for row in rows if row[:3] == [2, "ja", "ar"]) == pytest.approx(wanted)


def test_one_level_of_the_centroids(figured: Figured):
    svg = figured.get("/figures/centroids.svg", level=2).text
    assert ">level 2</text>" in svg
    assert "level 3" not in svg


@pytest.mark.parametrize(
    ("path", "query", "status", "sentence"),
    [
        ("/figures/nope.svg", {}, 404, "There is no figure “nope”. There are: alignment, distance"),
        ("/figures", {"level": 99}, 404, "Level 99 is not stored in this run. Stored: 0–5."),
        ("/figures", {"hl": "ja.xx"}, 422, "“xx” is no language of this run."),
        ("/figures", {"top": 0}, 422, "top"),
    ],
)
def test_what_is_not_there_is_said(
    figured: Figured, path: str, query: dict[str, str | int], status: int, sentence: str
):
    assert sentence in figured.get(path, status, **query).text


def test_a_corpus_without_translations_says_so_and_shows_the_rest(figured: Figured):
    page = figured.client.get(f"/runs/{figured.without_pairs}/figures")
    assert page.status_code == 200
    assert "This run has no translations" in page.text
    assert 'id="figure-distance"' in page.text
    assert 'id="figure-alignment"' not in page.text
    assert figured.client.get(f"/runs/{figured.without_pairs}/figures/alignment.png").status_code == 404


def test_greyed_languages_lose_their_colour(figured: Figured):
    svg = figured.get("/figures/distance.svg", hl="hi").text
    assert re.findall(r'class="end">([a-z]+)<', svg) == ["hi", "hi"]


def test_layers_as_csv_parquet_and_json(figured: Figured):
    table = pq.read_table(io.BytesIO(figured.get("/layers.parquet").content))
    rows = figured.get("/layers.json").json()
    text = list(csv.DictReader(io.StringIO(figured.get("/layers.csv").text)))
    assert table.num_rows == len(rows) == len(text) == 6 * 4
    assert {row["language"] for row in rows} == {"ja", "ar", "hi", "th"}
    assert float(text[3]["gap"]) == rows[3]["gap"] == table.to_pylist()[3]["gap"]
    assert figured.client.get(f"/api/runs/{figured.run}/layers").json()["rows"] == rows
