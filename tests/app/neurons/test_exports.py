"""Files of the table hold what the screen shows, in its order; cells are safe in spreadsheets."""

import csv
import io
import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from app.web.tabular import csv_pieces, plain_cell
from tests.app.neurons.conftest import LAYERS, NEURONS, Scanned

NUMBERS = ("score", "sd", "loo", "contrast", "eta2", "positive", "mean", "pivot")
QUERIES = [
    "",
    "?language=th&type=2&sort=mean&dir=asc",
    "?every=1&min_eta2=0.125",
    "?details=1&sort=neuron",
    "?min_score=99",
]


def screen(page: TestClient, scanned: Scanned, query: str) -> list[dict[str, Any]]:
    """All rows that the JSON twin of the page gives, page after page."""
    address, rows = f"/api/runs/{scanned.run}/neurons{query}", []
    while address:
        answer = page.get(address).json()
        rows += answer["rows"]
        address = answer["next"]
    return rows


def read(form: str, content: bytes) -> list[dict[str, Any]]:
    """The rows of a file, numbers as numbers, missing as None."""
    rows: list[dict[str, Any]]
    if form == "json":
        rows = json.loads(content)
        return rows
    if form == "parquet":
        rows = pq.read_table(io.BytesIO(content)).to_pylist()
        return rows
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    for row in rows:
        row.update({key: float(row[key]) if row[key] else None for key in NUMBERS})
        row.update({key: int(row[key]) for key in ("place", "layer", "neuron", "type")})
        row.update({key: row[key] == "true" for key in ("candidate", "detailed")})
    return rows


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
@pytest.mark.parametrize("query", QUERIES)
def test_a_file_equals_the_screen(page: TestClient, scanned: Scanned, form: str, query: str) -> None:
    answer = page.get(f"/runs/{scanned.run}/neurons.{form}{query}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    rows, shown = read(form, answer.content), screen(page, scanned, query)
    assert len(rows) == len(shown)
    for row, expected in zip(rows, shown, strict=True):
        for key in ("place", "layer", "neuron", "candidate", "detailed"):
            assert row[key] == expected[key]
        for key in NUMBERS:
            same_number(row[key], expected[key])


def same_number(found: float | None, shown: float | None) -> None:
    """Equal as float32; the screen shows nothing for what is no finite number."""
    if found is None or not np.isfinite(found):
        assert shown is None
    else:
        assert shown is not None
        assert np.float32(found) == np.float32(shown)


def test_the_page_links_to_its_own_table(page: TestClient, scanned: Scanned) -> None:
    text = page.get(f"/runs/{scanned.run}/neurons?language=ar&sort=eta2&after=0.5~1~1").text
    assert f'href="/runs/{scanned.run}/neurons.parquet?language=ar&amp;sort=eta2"' in text


def test_an_unknown_form_is_refused(page: TestClient, scanned: Scanned) -> None:
    assert page.get(f"/runs/{scanned.run}/neurons.xlsx").status_code in (404, 422)


def test_json_of_a_whole_run_is_json(page: TestClient, scanned: Scanned) -> None:
    rows = page.get(f"/runs/{scanned.run}/neurons.json?every=1&type=2").json()
    assert len(rows) == LAYERS * NEURONS
    assert any(row["score"] is None for row in rows)


@pytest.mark.parametrize("cell", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", "\t=1", "\r=1", "-", "+", "-1-1"])
def test_formulas_are_disarmed(cell: str) -> None:
    assert plain_cell(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["-1", "+3.5", "-1e-7", "-.5", "1", "", "a=1", "日本", "'=x"])
def test_numbers_and_plain_text_stay(cell: str) -> None:
    assert plain_cell(cell) == cell


def test_a_text_that_starts_like_a_formula_is_disarmed_in_the_file() -> None:
    content = b"".join(csv_pieces(("text",), [('=HYPERLINK("x")',), ("two\nlines, “quoted”",)]))
    assert list(csv.reader(io.StringIO(content.decode(), newline=""))) == [
        ["text"], ["'=HYPERLINK(\"x\")"], ["two\nlines, “quoted”"],
    ]  # fmt: skip


def test_examples_as_a_file(page: TestClient, scanned: Scanned) -> None:
    row = page.get(f"/api/runs/{scanned.run}/neurons?details=1").json()["rows"][0]
    base = f"/runs/{scanned.run}/neurons/{row['layer']}/{row['neuron']}"
    rows = list(csv.DictReader(io.StringIO(page.get(f"{base}.csv").content.decode(), newline="")))
    examples = page.get(f"/api{base}").json()["detail"]["examples"]
    assert [(one["language"], float(one["value"])) for one in rows] == [
        (one["language"], one["value"]) for one in examples
    ]
    spelled = [bytes.fromhex("".join(token["bytes"] for token in one["tokens"])).decode() for one in examples]
    assert [one["text"].removeprefix("'") for one in rows] == spelled
