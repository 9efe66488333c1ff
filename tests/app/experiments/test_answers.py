"""Evaluations on pages: the figure of conditions, the table, the questions behind a number, and the same of tasks."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from tests.support.answered import METRICS, TASKS, write_evaluation, write_harness


@pytest.fixture
def evaluation(sessions: sessionmaker[Session], finished: str) -> str:
    with sessions.begin() as session:
        return write_evaluation(session, finished)


def test_every_language_stands_under_every_condition(client: TestClient, evaluation: str) -> None:
    page = client.get(f"/experiments/{evaluation}").text
    assert page.count("<svg") - client.get("/experiments").text.count("<svg") == 3
    drawn = client.get(f"/experiments/{evaluation}/figures/conditions.svg").text
    assert drawn.count("<title>normal: 80.0 (70.0 to 90.0)</title>") == 2 * 6, "two scores of five languages and all"
    assert drawn.count("<title>switched off: 30.0 (20.0 to 40.0)</title>") == 2 * 5, "the pivot has none"
    assert drawn.count("<title>random neurons, 5 draws: 20.0 (10.0 to 30.0)</title>") == 5
    caption = client.get(f"/experiments/{evaluation}/figures/conditions.json").json()["caption"]
    assert "F1, articles mended: normal 80.0 % [70.0, 90.0], switched off 30.0 % [20.0, 40.0]" in caption
    assert "beyond control 40.0 % [−40.0, 50.0] (n = 8)" in caption
    assert "In another language: normal 10.0 %" in caption
    assert "8 questions a language" in caption
    assert "the 5 best Type-2 neurons of each language" in caption
    assert "not in the sum: en." in caption


def test_the_table_behind_the_figure_has_every_metric(client: TestClient, evaluation: str) -> None:
    found = client.get(f"/experiments/{evaluation}/figures/conditions.json").json()
    metric = found["columns"].index("metric")
    assert {row[metric] for row in found["rows"]} == set(METRICS)
    assert len(found["rows"]) == 6 * len(METRICS)


def test_the_chosen_metric_is_drawn_first_and_in_its_files(client: TestClient, evaluation: str) -> None:
    page = client.get(f"/experiments/{evaluation}?metric=wrong_language").text
    assert "In another language by condition" in page
    assert f"/experiments/{evaluation}/figures/conditions.svg?metric=wrong_language" in page
    drawn = client.get(f"/experiments/{evaluation}/figures/conditions.svg?metric=wrong_language").text
    assert drawn.count("(less is better)") == 1


def test_the_questions_behind_a_number_are_shown_and_never_run(client: TestClient, evaluation: str) -> None:
    page = client.get(f"/experiments/{evaluation}?part=ja").text
    assert "3 questions, page 1 of 1" in page
    assert "&lt;b&gt;Rome" in page
    assert "<b>Rome" not in page
    words = re.sub(r"\s+", " ", page)
    assert "5 neurons in layers 0 to 1 zeroed" in words
    assert "by this metric nothing changed" in client.get(f"/experiments/{evaluation}?part=ja&which=won").text


def test_questions_of_a_task_that_is_no_text_have_no_language(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        experiment = write_harness(session, finished, ("acc",))
    page = client.get(f"/experiments/{experiment}?part={TASKS[0]}&which=all")
    assert page.status_code == 200
    assert "3 questions, page 1 of 1" in page.text
    assert "other language" not in page.text
    assert 'aria-label="Metric"' not in page.text, "one metric is no choice"
    assert "Choose a number" in page.text
    shared = client.post("/api/shares", json={"of": f"/experiments/{experiment}"}).json()["token"]
    assert "Choose a number" not in client.get(f"/s/{shared}").text, "nothing can be chosen there"


def test_tasks_of_the_harness_are_drawn_by_name(
    client: TestClient, finished: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        experiment = write_harness(session, finished)
    page = client.get(f"/experiments/{experiment}").text
    assert TASKS[0] in page
    drawn = client.get(f"/experiments/{experiment}/figures/conditions.svg").text
    assert f">{TASKS[0]}<" in drawn
    assert f">{TASKS[1]}<" not in drawn, "too long for a figure"
    assert "8 questions a task" in drawn
