import csv
import io
import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from app.maps.lasso import Lasso, inside
from tests.app.maps.conftest import Mapped

HALF = str(Lasso("pca", 2, ((-32768, -32768), (0, -32768), (0, 32767), (-32768, 32767))))


def chosen(mapped: Mapped) -> np.ndarray:
    return inside(mapped.arrays["map/pca/2"], Lasso.parse(HALF).corners)


def test_the_page_says_all_that_a_reader_needs(mapped: Mapped):
    page = mapped.get("/map", method="umap", level=1).text
    for words in (
        "UMAP (n_neighbors = 15, min_dist = 0.1), seed 1",
        "level 1 (output of layer 0)",
        "n\u00a0=\u00a0150 sentences",
        "Trustworthiness 0.820",
        "mean over the tokens",
        "Distances between clusters in UMAP are not meaningful; use the strip.",
    ):
        assert words in page


def test_a_linear_map_says_its_share_of_the_variance_instead_of_warning(mapped: Mapped):
    page = mapped.get("/map", method="pca", level=1).text
    assert "The two axes carry 14 % of the variance of the leading components" in page
    assert "not meaningful" not in page


def test_the_page_stands_without_a_script(mapped: Mapped):
    page = mapped.get("/map", level=2).text
    assert f"/runs/{mapped.run}/map.png?level=2" in page.split("<noscript>")[2]
    assert 'href="/runs/' in page
    assert f'href="/runs/{mapped.run}/map?level=1"' in page
    assert f'href="/runs/{mapped.run}/map?level=3"' in page


def test_the_default_address_is_short(mapped: Mapped):
    assert f'href="/runs/{mapped.run}/map.png"' in mapped.get("/map").text


def test_unknown_keys_are_ignored(mapped: Mapped):
    mapped.get("/map", utm="x", level=1)


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ({"level": 23}, 404, "Level 23 is not stored in this run. Stored: 0–4."),
        ({"method": "umap", "level": 3}, 404, "Level 3 is not stored in this run. Stored: 0–2, 4."),
        ({"method": "tsne"}, 404, "This run has no map “tsne”. It has: pca, umap."),
        ({"point": 150}, 404, "Point 150 is not on this map. It has points 0–149."),
        ({"sel": "pca.2_1.1"}, 422, "A selection has 3 to 64 corners"),
        ({"sel": "pca.9_1.1_2.2_3.3"}, 404, "Level 9 is not stored in this run."),
        ({"hl": "xx"}, 422, "“xx” is no language of this map."),
        ({"colour": "age"}, 422, "colour"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    mapped: Mapped, query: dict[str, str | int], status: int, sentence: str
):
    assert sentence in mapped.get("/map", status, **query).text


def test_no_such_run(mapped: Mapped):
    assert mapped.client.get("/runs/nosuchrun/map").status_code == 404


def test_points_are_the_stored_bytes_and_may_be_kept(mapped: Mapped):
    stored = mapped.arrays["map/pca/3"]
    answer = mapped.get("/map/pca/3.i16")
    assert np.array_equal(np.frombuffer(answer.content, "<i2").reshape(-1, 2), stored)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    tag = answer.headers["ETag"]
    kept = mapped.get("/map/pca/3.i16", v=tag.strip('"')[:12])
    assert "immutable" in kept.headers["Cache-Control"]
    assert "immutable" not in mapped.get("/map/pca/3.i16", v="").headers["Cache-Control"]
    again = mapped.client.get(f"/runs/{mapped.run}/map/pca/3.i16", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")


def test_languages_and_groups_are_the_stored_bytes(mapped: Mapped):
    assert mapped.get("/map/language.u8").content == mapped.arrays["map/language"].tobytes()
    assert mapped.get("/map/group.i32").content == mapped.arrays["map/group"].tobytes()


def test_a_level_that_is_not_stored_has_no_points(mapped: Mapped):
    assert mapped.json("/map/pca/77", 404)["error"] == "Level 77 is not stored in this run. Stored: 0–4."
    mapped.get("/map/pca/77.i16", 404)


def test_a_point_has_text_translations_and_true_neighbours(mapped: Mapped):
    language, group = mapped.arrays["map/language"], mapped.arrays["map/group"]
    point = int(np.flatnonzero(language == 2)[0])
    found = mapped.json(f"/map/point/{point}", level=1)
    assert found["sentence"]["language"] == "ar"
    same = np.flatnonzero((group == group[point]) & (np.arange(len(group)) != point))
    assert sorted(one["point"] for one in found["translations"]) == same.tolist()
    assert [one["language"] for one in found["translations"]] == ["en", "ja", "hi", "th"]
    states = mapped.arrays["reduced/1"]
    far = np.linalg.norm(states - states[point], axis=1)
    assert [one["point"] for one in found["neighbours"]] == np.argsort(far)[1:7].tolist()
    fragment = mapped.get(f"/map/point/{point}", level=1).text
    assert '<bdi class="text" lang="ar" dir="rtl">' in fragment
    assert "<html" not in fragment


def test_sentences_are_text_and_never_markup(mapped: Mapped):
    everything = mapped.get("/map/selection", sel="pca.2_-32768.-32768_32767.-32768_32767.32767_-32768.32767").text
    assert "<img" not in everything
    pages = [mapped.get(f"/map/point/{n}").text for n in range(0, 150, 7)]
    assert not any("<img" in page for page in pages)
    assert any("&lt;img" in page for page in [everything, *pages])


def test_a_selection_counts_and_lists_what_lies_inside(mapped: Mapped):
    inside_it, language = chosen(mapped), mapped.arrays["map/language"]
    found = mapped.json("/map/selection", sel=HALF, level=0, method="umap")
    assert found["points"] == int(inside_it.sum())
    assert found["languages"]["hi"] == int((inside_it & (language == 3)).sum())
    assert sorted(row["point"] for row in found["rows"]) == np.flatnonzero(inside_it).tolist()
    table = mapped.get("/map/selection", sel=HALF).text
    assert f"<strong>{found['points']}</strong> of 150 points" in table
    assert table.count("<tr><td>") == 25


def test_a_selection_leaves_out_what_is_greyed(mapped: Mapped):
    inside_it, language = chosen(mapped), mapped.arrays["map/language"]
    found = mapped.json("/map/selection", sel=HALF, hl="hi")
    assert found["points"] == int((inside_it & (language == 3)).sum())


def test_the_pages_of_a_selection_hold_every_point_once(mapped: Mapped):
    total = int(chosen(mapped).sum())
    seen: list[str] = []
    for page in range(1, -(-total // 25) + 1):
        text = mapped.get("/map/selection", sel=HALF, page=page).text
        seen += [part.split('"')[0] for part in text.split("<tr><td>")[1:] for part in [part.split('data-point="')[1]]]
    assert sorted(map(int, seen)) == np.flatnonzero(chosen(mapped)).tolist()
    assert f"page {-(-total // 25)} of" in mapped.get("/map/selection", sel=HALF, page=999).text


def test_the_selection_as_csv_cannot_run_in_a_spreadsheet(mapped: Mapped):
    everything = "pca.2_-32768.-32768_32767.-32768_32767.32767_-32768.32767"
    rows = list(csv.DictReader(io.StringIO(mapped.get("/map/selection.csv", sel=everything).text)))
    assert len(rows) > 140
    assert {row["language"] for row in rows} == {"en", "ja", "ar", "hi", "th"}
    assert not any(row["text"].startswith(("=", "+", "-", "@")) for row in rows)


def test_without_a_lasso_nothing_is_selected(mapped: Mapped):
    assert mapped.json("/map/selection") == {"points": 0, "total": 150, "languages": {}, "rows": []}
    assert "hold Shift and drag" in mapped.get("/map/selection").text


def test_coordinates_are_in_the_units_of_the_projection(mapped: Mapped):
    found = mapped.json("/map/pca/2")
    np.testing.assert_allclose(found["x"], mapped.arrays["map/pca/2"][:, 0] / 32767 * 10, atol=1e-9)
    table = list(csv.DictReader(io.StringIO(mapped.client.get(f"/api/runs/{mapped.run}/map/pca/2.csv").text)))
    assert [float(row["y"]) for row in table] == found["y"]


def test_the_card_says_what_is_stored_and_where(mapped: Mapped):
    found = mapped.json("/map")["maps"]["umap"]
    assert found["levels"] == [0, 1, 2, 4]
    assert found["card"]["bounds"] == [-10, -10, 10, 10]
    answer = mapped.client.get(found["points"]["4"])
    assert answer.content == mapped.arrays["map/umap/4"].tobytes()
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_picture_is_the_same_every_time_and_carries_its_caption(mapped: Mapped):
    query = {"method": "umap", "hl": "ja.ar", "sel": str(Lasso("umap", 1, ((0, 0), (30000, 0), (0, 30000))))}
    first, second = (mapped.get("/map.svg", level=1, **query) for _ in range(2))
    assert first.content == second.content
    tree = ET.fromstring(first.text)
    words = " ".join(" ".join(tree.itertext()).split())
    assert "العربية ar" in words
    assert "العربية · ar" in words
    assert "UMAP (n_neighbors = 15, min_dist = 0.1), seed 1" in words
    assert "Trustworthiness 0.820" in words
    assert 'class="lasso"' in first.text
    assert first.text != mapped.get("/map.svg", level=1, theme="dark", **query).text


def test_the_png_is_one_and_can_be_asked_for_again(mapped: Mapped):
    answer = mapped.get("/map.png", level=1)
    assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    again = mapped.client.get(f"/runs/{mapped.run}/map.png?level=1", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_api_describes_itself(mapped: Mapped):
    described = mapped.client.get("/api/openapi.json").json()["paths"]
    for path in ("", "/selection", "/point/{point}", "/{method}/{level}"):
        answer = described[f"/api/runs/{{run_id}}/map{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        assert "$ref" in json.dumps(answer), path
