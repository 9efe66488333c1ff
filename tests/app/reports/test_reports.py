"""The report of a run: page, files, what is missing and what is queued for it, the paper's numbers beside ours."""

import csv
import html
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db.tables import Experiment, Model, Run
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.synthetic_run import write_synthetic_run


@dataclass(frozen=True)
class Reported:
    app: FastAPI
    client: TestClient
    run: str


@pytest.fixture(scope="module")
def reported(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data")))
    with app.state.sessions.begin() as session:
        run = write_synthetic_run(session, seed=1, layers=5, neurons=60, hidden=16, sentences_per_language=12, detail=3)
    with TestClient(app) as client:
        yield Reported(app, client, run)


def test_the_page_shows_the_run_s_figures_and_says_what_is_not_asked_yet(reported: Reported) -> None:
    page = reported.client.get(f"/runs/{reported.run}/report")
    assert page.status_code == 200
    assert page.text.count("<svg") > 10
    assert "not asked yet" in page.text
    assert '<td class="n">12</td>' in page.text, "every language has as many sentences"
    assert "Run what is missing" in page.text
    assert "Scan with the preset paper" in page.text
    assert "not one of the paper&#39;s models" in page.text or "not one of the paper's models" in page.text
    assert reported.client.get("/runs/aaaaaaaaaaaa/report").status_code == 404


def test_the_file_needs_nothing_else_and_the_archive_has_every_table(reported: Reported) -> None:
    file = reported.client.get(f"/runs/{reported.run}/report.html")
    assert len(file.content) < 5_000_000
    assert "<script" not in file.text
    assert 'rel="stylesheet"' not in file.text
    assert "--type-1" in file.text
    packed = zipfile.ZipFile(io.BytesIO(reported.client.get(f"/runs/{reported.run}/report.zip").content))
    assert "report.html" in packed.namelist()
    tables = [name for name in packed.namelist() if name.endswith(".csv")]
    assert len(tables) >= 6
    assert all(packed.read(name).count(b"\n") > 1 for name in tables)


def test_a_shared_report_holds_every_figure_and_number(reported: Reported) -> None:
    address = f"/runs/{reported.run}/report"
    assert "Whoever has the link can read all of it" in reported.client.get("/shares/new", params={"of": address}).text
    made = reported.client.post("/api/shares", json={"of": address})
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    page = reported.client.get(f"/s/{token}")
    assert page.text.count("<svg") > 10
    assert "<script" not in page.text
    rows = list(csv.DictReader(io.StringIO(reported.client.get(f"/s/{token}.csv").text)))
    tables = reported.client.get(f"/s/{token}.json").json()["data"]["tables"]
    assert {row["table"] for row in rows} == {table["name"] for table in tables if table["rows"]}
    assert reported.client.get(f"/s/{token}/preview.png").content.startswith(b"\x89PNG")


def test_numbers_of_the_paper_stand_beside_ours_for_its_models(reported: Reported) -> None:
    with reported.app.state.sessions.begin() as session:
        model = session.get_one(Model, session.get_one(Run, reported.run).model_id)
        source, model.source = model.source, "meta-llama/Meta-Llama-3-8B"
    page = reported.client.get(f"/runs/{reported.run}/report").text
    with reported.app.state.sessions.begin() as session:
        session.get_one(Model, model.id).source = source
    assert "Language-specific neurons of LLaMA3-8B, published and here" in page
    assert "0.409" in page
    assert "0.203" in page


def test_what_is_missing_is_queued_once(reported: Reported) -> None:
    for _ in range(2):
        answer = reported.client.post(f"/runs/{reported.run}/report", follow_redirects=False)
        assert answer.status_code == 303
    with reported.app.state.sessions() as session:
        kinds = sorted(session.scalars(select(Experiment.kind).where(Experiment.run_id == reported.run)))
    assert kinds == ["families", "geometry", "specificity"]  # there are no questions to ask here
    page = reported.client.get(f"/runs/{reported.run}/report").text
    assert "Choose a question set" in page
    assert "still being computed" in page


def test_the_page_asks_for_its_progress_alone_and_for_itself_once_more_is_there(reported: Reported) -> None:
    page = reported.client.get(f"/runs/{reported.run}/report").text
    found = re.search(r'hx-get="(/runs/\w+/report/progress\?[^"]+)"', page)
    assert found is not None
    address = html.unescape(found[1])
    part = reported.client.get(address).text
    assert "<svg" not in part
    assert part.count('<span class="badge queued">queued</span>') == 3
    assert 'hx-trigger="every 4s"' in part
    query = select(Experiment).where(Experiment.run_id == reported.run, Experiment.kind == "geometry")
    with reported.app.state.sessions.begin() as session:
        session.scalars(query).one().status = "failed"
    part = reported.client.get(address).text
    with reported.app.state.sessions.begin() as session:
        session.scalars(query).one().status = "queued"
    assert 'hx-trigger="load" hx-select="#main"' in part


def test_an_answer_that_came_meanwhile_does_not_make_another_a_new_question(reported: Reported) -> None:
    """Shared neurons are compared with the average precision of a specificity experiment, where there is one."""
    assert reported.client.post(f"/runs/{reported.run}/report", follow_redirects=False).status_code == 303
    query = select(Experiment).where(Experiment.run_id == reported.run)
    with reported.app.state.sessions.begin() as session:
        session.scalars(query.where(Experiment.kind == "specificity")).one().status = "complete"
    reported.client.post(f"/runs/{reported.run}/report", follow_redirects=False)
    with reported.app.state.sessions.begin() as session:
        session.scalars(query.where(Experiment.kind == "specificity")).one().status = "queued"
        assert len(session.scalars(query.where(Experiment.kind == "families")).all()) == 1


def test_the_other_preset_is_scanned_on_the_same_ground(reported: Reported) -> None:
    answer = reported.client.post(f"/runs/{reported.run}/report/scan", data={"preset": "paper"}, follow_redirects=False)
    new = answer.headers["location"].rsplit("/", 1)[1]
    with reported.app.state.sessions() as session:
        ours, theirs = session.get_one(Run, reported.run).spec, session.get_one(Run, new).spec
    assert theirs["settings"]["preset"] == "paper"
    assert (theirs["languages"], theirs["pivot"], theirs["corpus_id"]) == (
        ours["languages"], ours["pivot"], ours["corpus_id"]
    )  # fmt: skip
    assert theirs["settings"]["max_sentences"] == ours["settings"]["max_sentences"]
