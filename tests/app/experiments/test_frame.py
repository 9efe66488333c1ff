"""The frame of experiments: list, form, start, progress, answer, files, API."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.db.tables import Experiment, Job
from app.settings import Settings


@pytest.fixture
def waiting(toy: TestClient, finished: str) -> str:
    """The id of an experiment that was just queued."""
    answer = toy.post("/experiments/compare", data={"run": finished, "words": "two <words>", "name": " My & one "})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/experiments/")


@pytest.fixture
def answered(toy: TestClient, waiting: str, sessions: sessionmaker[Session]) -> str:
    """The id of an experiment with a result."""
    with sessions.begin() as session:
        row = session.get_one(Experiment, waiting)
        row.status, row.result = "complete", {"said": 7}
        session.get_one(Job, row.job_id).status = "complete"
    return waiting


def test_empty_lists_lead_on(reader: TestClient) -> None:
    text = reader.get("/experiments").text
    assert "No experiment yet" in text
    assert 'href="/runs"' in text
    assert "No experiment fits" in reader.get("/experiments?kind=families").text
    assert reader.get("/api/experiments").json() == []


def test_a_run_offers_every_kind(toy: TestClient, finished: str) -> None:
    text = toy.get(f"/runs/{finished}/experiments").text
    assert f'href="/experiments/new/compare?run={finished}"' in text
    assert "What is it?" in text
    assert "Nothing was asked of this run yet" in text
    assert f'href="/runs/{finished}/experiments" aria-current="page"' in text


def test_the_form_says_what_is_missing_and_what_it_costs(toy: TestClient, finished: str) -> None:
    text = toy.get(f"/experiments/new/compare?run={finished}").text
    assert "Write some words." in text
    assert "asked of Made-up run" in text
    text = toy.get(f"/experiments/new/compare?run={finished}&words=a").text
    assert "about 1 min 30 s" in text
    assert "3 words" in text
    text = toy.get(f"/experiments/new/compare?run={finished}&words=a&draws=500").text
    assert "Random draws: must be at most 100." in text
    assert 'value="a"' in text


def test_an_unknown_kind_or_run_is_a_sentence(toy: TestClient) -> None:
    answer = toy.get("/experiments/new/nothing")
    assert answer.status_code == 404
    assert "There is no kind of experiment “nothing”" in answer.text
    text = toy.get("/experiments/new/compare?run=nowhere&words=a").text
    assert "No run is complete yet" in text
    assert "disabled>Start" in text
    assert toy.get("/experiments/nothing").status_code == 404


def test_a_refused_form_comes_back_filled_in(toy: TestClient, finished: str, sessions: sessionmaker[Session]) -> None:
    answer = toy.post("/experiments/compare", data={"run": finished, "words": "kept", "draws": "-1", "name": "N"})
    assert answer.status_code == 422
    assert "Random draws" in answer.text
    assert 'value="kept"' in answer.text
    assert toy.post("/experiments/compare", data={"run": "nowhere", "words": "kept"}).status_code == 404
    with sessions() as session:
        assert session.scalars(select(Experiment)).all() == []
        assert session.scalars(select(Job).where(Job.kind == "compare")).all() == []


def test_a_started_experiment_is_queued_and_listed(toy: TestClient, finished: str, waiting: str) -> None:
    text = toy.get(f"/experiments/{waiting}").text
    assert "My &amp; one" in text
    assert "/events?after=1" in text
    assert "No worker is running" in text
    assert f'action="/experiments/{waiting}/cancel"' in text
    assert "My &amp; one" in toy.get(f"/runs/{finished}/experiments").text
    assert "My &amp; one" in toy.get(f"/experiments?run={finished}&kind=compare").text
    assert "No experiment fits" in toy.get("/experiments?kind=other").text
    job = toy.get(f"/api/experiments/{waiting}").json()["job"]
    assert f'href="/experiments/{waiting}">its result' in toy.get(f"/jobs/{job}").text
    assert toy.get(f"/experiments/{waiting}.json").status_code == 409
    assert toy.post(f"/experiments/{waiting}/delete").status_code == 409


def test_the_list_goes_on_with_older_ones(toy: TestClient, waiting: str) -> None:
    created = toy.get(f"/api/experiments/{waiting}").json()["created"]
    assert "No experiment fits" in toy.get("/experiments", params={"before": created}).text
    later = created.replace("20", "21", 1)
    assert "My &amp; one" in toy.get("/experiments", params={"before": later}).text


def test_cancel_and_retry(toy: TestClient, waiting: str) -> None:
    first = toy.get(f"/api/experiments/{waiting}").json()["job"]
    assert toy.post(f"/experiments/{waiting}/cancel").headers["location"] == f"/experiments/{waiting}"
    assert "This experiment was cancelled" in toy.get(f"/experiments/{waiting}").text
    assert toy.post(f"/experiments/{waiting}/retry").status_code == 303
    again = toy.get(f"/api/experiments/{waiting}").json()
    assert again["status"] == "queued"
    assert again["job"] != first
    assert toy.post(f"/api/experiments/{waiting}/cancel").json()["status"] == "cancelled"
    assert toy.post(f"/api/experiments/{waiting}/retry").json()["status"] == "queued"


def test_the_answer_and_its_state(toy: TestClient, answered: str) -> None:
    text = toy.get(f"/experiments/{answered}?level=2").text
    assert "level 2, said 7" in text
    assert "Counts &lt;of words&gt;" in text
    assert "hx-sse:connect" not in text
    assert f'href="/experiments/{answered}/figures/counts.svg?level=2"' in text
    assert "level 1, said 7" in toy.get(f"/experiments/{answered}?level=high").text


def test_the_files_of_an_answer(toy: TestClient, answered: str) -> None:
    assert toy.get(f"/experiments/{answered}.json").json()["result"] == {"said": 7}
    assert toy.get(f"/experiments/{answered}.csv").text == "word,n\r\na,7\r\n'=b,2\r\n"
    figures = f"/experiments/{answered}/figures/"
    assert toy.get(figures + "counts.svg?theme=dark").text.startswith("<svg")
    assert toy.get(figures + "counts.png").content.startswith(b"\x89PNG")
    assert toy.get(figures + "counts.csv?level=4").text == "language,n,share\r\nen,3,0.5\r\nja,4,nan\r\n"
    assert toy.get(figures + "counts.json").json()["rows"] == [["en", 3, 0.5], ["ja", 1, None]]
    missing = toy.get(figures + "other.svg")
    assert missing.status_code == 404
    assert "It has: counts." in missing.text


def test_rename_and_delete(toy: TestClient, settings: Settings, answered: str, tmp_path: Path) -> None:
    kept, other = settings.scratch(answered), settings.scratch("another")
    for folder in (kept, other):
        folder.mkdir(parents=True)
        (folder / "task.db").touch()
    assert toy.post(f"/experiments/{answered}/name", data={"name": " "}).status_code == 422
    assert toy.post(f"/experiments/{answered}/name", data={"name": "Other"}).status_code == 303
    assert toy.get(f"/api/experiments/{answered}").json()["name"] == "Other"
    assert toy.post(f"/experiments/{answered}/delete").headers["location"] == "/experiments"
    assert toy.get(f"/experiments/{answered}").status_code == 404
    assert list(tmp_path.rglob("task.db")) == [other / "task.db"]


def test_a_run_stays_as_long_as_it_has_experiments(toy: TestClient, finished: str, answered: str) -> None:
    refused = toy.post(f"/runs/{finished}/delete")
    assert refused.status_code == 409
    assert "Delete it first" in refused.text
    assert toy.post(f"/experiments/{answered}/delete").status_code == 303
    assert toy.post(f"/runs/{finished}/delete").status_code == 303


def test_the_api_starts_one(toy: TestClient, finished: str) -> None:
    made = toy.post("/api/experiments", json={"kind": "compare", "options": {"run": finished, "words": "x"}})
    assert made.status_code == 201
    assert made.json()["spec"]["prompt"] == "x"
    assert made.json()["name"] == "Toy of Made-up run"
    wrong = toy.post("/api/experiments", json={"kind": "compare", "options": {"run": finished, "letters": "x"}})
    assert wrong.status_code == 422
    assert "there are run, words, draws" in wrong.json()["error"]
    wrong = toy.post("/api/experiments", json={"kind": "compare", "options": {"run": finished, "draws": 101}})
    assert "Random draws" in wrong.json()["error"]
    assert toy.get("/api/experiments?kind=compare").json()[0]["id"] == made.json()["id"]
    assert toy.delete(f"/api/experiments/{made.json()['id']}").status_code == 409


def test_a_comparison_has_pages_of_its_own(client: TestClient, toy: TestClient, waiting: str) -> None:
    from app.experiments.kinds import get_kinds

    client.app.dependency_overrides.pop(get_kinds)  # type: ignore[attr-defined]
    assert client.get(f"/experiments/{waiting}").headers["location"] == f"/comparisons/{waiting}"
