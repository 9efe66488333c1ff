"""Families and overlap from the form to the answer, on a made-up run whose neurons are planted."""

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts import arrays as names
from app.contracts import families as contract
from app.contracts.families import FamiliesResult, FamiliesSpec
from app.db.arrays import ArrayStore
from app.db.tables import Experiment
from app.errors import BadInput
from app.jobs import InlineContext, run_inline
from app.settings import Settings
from app.text.families import families_of, kinship, lineage, read_families, written
from tests.support.synthetic_run import write_synthetic_run
from worker.analyses.families import FAMILIES

LANGUAGES = ("nl", "de", "it", "es", "ja")
SHARED = {"Germanic": 3, "Romance": 40}  # neuron of layer 4 that both languages of the family are planted with


@pytest.fixture
def planted(sessions: sessionmaker[Session]) -> str:
    """A run in which each language has eight Type-2 neurons of its own and eight that its family shares."""
    with sessions.begin() as session:
        run = write_synthetic_run(
            session, layers=5, neurons=60, hidden=8, languages=LANGUAGES, sentences_per_language=6, detail=0
        )
        store = ArrayStore(session)
        for k, language in enumerate(LANGUAGES):
            name = names.SCORE.format(type=2, language=language)
            scores = np.full(store.get(run, name).shape, np.nan, dtype=np.float32)
            scores[3:] = 0.001
            scores[3, 10 * k : 10 * k + 8] = 0.5
            start = SHARED.get({"nl": "Germanic", "de": "Germanic", "it": "Romance", "es": "Romance"}.get(language, ""))
            scores[4, 50:58] = 0.4 if start is None else scores[4, 50:58]
            if start is not None:
                scores[4, start : start + 8] = 0.6
            store.put(run, name, scores)
    return run


def test_planted_families_are_found_and_shown(
    client: TestClient, planted: str, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    text = client.get(f"/experiments/new/families?run={planted}").text
    assert "Germanic: en nl de" in text
    assert "Japonic: ja" in text
    answer = client.post("/experiments/families", data={"run": planted, "top": "16", "families": "A: nl de\nB: it es"})
    assert answer.status_code == 303, answer.text
    experiment = answer.headers["location"].removeprefix("/experiments/")
    with sessions() as session:
        spec = FamiliesSpec.model_validate(session.get_one(Experiment, experiment).spec)
    assert spec.families == {"A": ("nl", "de"), "B": ("it", "es")}
    run_inline(FAMILIES, spec, sessions, InlineContext(Settings(data_dir=tmp_path), sessions, lambda *_: None))
    _check_numbers(sessions, experiment)
    page = client.get(f"/experiments/{experiment}?by=type2").text
    assert "Clusters beside the family tree" in page
    assert "Indo-European" in page
    assert page.count("<svg") >= 6
    rows = client.get(f"/experiments/{experiment}.csv").text.splitlines()
    assert "type2,nl,de,16,16,0.333333" in next(row for row in rows if row.startswith("type2,nl,de"))
    for figure in ("overlap", "trees", "layers", "detectors"):
        assert client.get(f"/experiments/{experiment}/figures/{figure}.svg?by=lape").status_code == 200
    numbers = client.get(f"/experiments/{experiment}/figures/layers.json?by=type2").json()["rows"]
    assert [4, "nl", "de", 8, 8, 1.0] in [row[:6] for row in numbers]


def _check_numbers(sessions: sessionmaker[Session], experiment: str) -> None:
    with sessions() as session:
        row = session.get_one(Experiment, experiment)
        assert row.status == "complete"
        result = FamiliesResult.model_validate(row.result)
        found = ArrayStore(session).get(experiment, contract.JACCARD.format(detector="type2"))
        assert ArrayStore(session).names(experiment, "part/") == []
    type2 = result.detectors[1]
    assert type2.sizes == (16,) * 5
    assert type2.candidates == 2 * 60
    wanted = np.eye(5)
    wanted[0, 1] = wanted[1, 0] = wanted[2, 3] = wanted[3, 2] = 8 / 24
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert type2.related.difference == pytest.approx(1 / 3)
    assert type2.related.p is not None
    assert type2.related.p < 0.1
    assert {frozenset(type2.order[k] for k in pair) for pair in ((0, 1), (3, 4), (1, 2))} & {frozenset({0, 1})}
    assert type2.related.rank_correlation is not None
    assert type2.related.rank_correlation > 0.4


def test_a_wrong_form_is_told_why(client: TestClient, planted: str) -> None:
    answer = client.post("/experiments/families", data={"run": planted, "top": "100000"})
    assert answer.status_code == 422
    assert "There are 120 candidates of one type" in answer.text
    answer = client.post("/experiments/families", data={"run": planted, "families": "A: nl\nB: nl"})
    assert "Line 2 of the families: nl is in A already." in answer.text
    assert "A: nl" in answer.text


def test_families_are_written_and_read() -> None:
    codes = ("en", "nl", "ja")
    assert families_of(codes) == {"Germanic": ("en", "nl"), "Japonic": ("ja",)}
    assert read_families(written(families_of(codes)), codes) == families_of(codes)
    for text, said in (("Germanic", "write a name"), ("A: xx", "no “xx”"), ("A: en\nA: nl", "there already")):
        with pytest.raises(BadInput, match=said):
            read_families(text, codes)


def test_lines_of_descent_come_from_glottolog() -> None:
    assert lineage("nl")[0] == "Indo-European"
    assert "Germanic" in lineage("de")
    assert lineage("zh-Hant") == lineage("zh")
    assert "Sinitic" in lineage("zh")
    assert "Semitic" in lineage("ar")
    assert kinship("nl", "de") > kinship("nl", "it") > kinship("nl", "ja") == 0
