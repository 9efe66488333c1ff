"""Runs as users see them: list, overview, cancel, retry, rename, delete."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.tables import Run, WorkerLease
from app.jobs.queue import JobQueue


@pytest.fixture
def waiting(client: TestClient, finished: str) -> str:
    """The id of a run that was just queued, beside the finished one."""
    model, corpus = client.get("/api/models").json()[0]["id"], client.get("/api/corpora").json()[0]["id"]
    answer = client.post("/api/runs", json={"model": model, "corpus": corpus, "name": "Waiting <one>"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_an_empty_list_leads_to_the_form(reader: TestClient) -> None:
    text = reader.get("/runs").text
    assert "No run yet" in text
    assert 'href="/runs/new"' in text


def test_the_list_shows_every_run_with_its_state(client: TestClient, finished: str, waiting: str) -> None:
    text = client.get("/runs").text
    assert text.index("Waiting &lt;one&gt;") < text.index(f"/runs/{finished}")
    assert "日本語" in text
    states = {run["id"]: run["status"] for run in client.get("/api/runs").json()}
    assert states == {finished: "complete", waiting: "queued"}


def test_a_finished_run_shows_what_was_read_and_where_its_figures_are(client: TestClient, finished: str) -> None:
    text = client.get(f"/runs/{finished}").text
    assert f'hx-get="/runs/{finished}/figures"' in text
    assert f'<a href="/runs/{finished}/figures">' in text
    assert f'href="/runs/{finished}/map"' in text
    assert "Provenance" in text
    assert "proven" in text
    assert "mean over all tokens" in text
    assert "hx-sse:connect" not in text


def test_a_waiting_run_says_that_no_worker_lives(
    client: TestClient, waiting: str, sessions: sessionmaker[Session]
) -> None:
    text = client.get(f"/runs/{waiting}").text
    assert "No worker is running, so jobs wait" in text
    assert "/events?after=1" in text
    assert f'href="/runs/{waiting}/map"' not in text
    with sessions.begin() as session:
        now = utc_now()
        session.add(WorkerLease(executor="w", host="lab", device="cpu", pid=1, state="live", started=now, beat=now))
    text = client.get(f"/runs/{waiting}").text
    assert "No worker is running" not in text
    assert "1 worker · cpu" in text
    with sessions.begin() as session:
        session.get_one(WorkerLease, "w").beat = utc_now() - timedelta(minutes=5)
    assert "No worker running" in client.get(f"/runs/{waiting}").text


def test_cancel_and_retry(client: TestClient, waiting: str) -> None:
    assert client.post(f"/runs/{waiting}/cancel").headers["location"] == f"/runs/{waiting}"
    text = client.get(f"/runs/{waiting}").text
    assert "This run was cancelled" in text
    first = client.get(f"/api/runs/{waiting}").json()
    assert first["status"] == "cancelled"
    assert client.post(f"/runs/{waiting}/retry").status_code == 303
    second = client.get(f"/api/runs/{waiting}").json()
    assert second["status"] == "queued"
    assert second["job"] != first["job"]
    assert client.post(f"/api/runs/{waiting}/cancel").json()["status"] == "cancelled"
    assert client.post(f"/api/runs/{waiting}/retry").json()["status"] == "queued"


def test_a_finished_run_cannot_be_cancelled_or_tried_again(client: TestClient, finished: str) -> None:
    for address in (f"/api/runs/{finished}/cancel", f"/runs/{finished}/retry"):
        answer = client.post(address)
        assert answer.status_code == 409
        assert "complete" in answer.text


def test_who_cancels_a_run_that_has_just_ended_sees_it(client: TestClient, finished: str) -> None:
    assert client.post(f"/runs/{finished}/cancel").headers["location"] == f"/runs/{finished}"
    assert client.get(f"/api/runs/{finished}").json()["status"] == "complete"


def test_rename(client: TestClient, waiting: str) -> None:
    assert client.post(f"/runs/{waiting}/name", data={"name": "  Other  "}).status_code == 303
    assert client.get(f"/api/runs/{waiting}").json()["name"] == "Other"
    assert client.post(f"/runs/{waiting}/name", data={"name": " "}).status_code == 422
    assert client.patch(f"/api/runs/{waiting}", json={"name": "x" * 201}).status_code == 422
    assert client.patch(f"/api/runs/{waiting}", json={"name": "Third"}).json()["name"] == "Third"


def test_delete_takes_the_numbers_with_it(
    client: TestClient, finished: str, waiting: str, sessions: sessionmaker[Session]
) -> None:
    assert client.post(f"/runs/{waiting}/delete").status_code == 409
    with sessions() as session:
        assert ArrayStore(session).names(finished)
    assert client.post(f"/runs/{finished}/delete").headers["location"] == "/runs"
    with sessions() as session:
        assert ArrayStore(session).names(finished) == []
        assert session.get(Run, finished) is None
    assert client.delete(f"/api/runs/{finished}").status_code == 404


def test_a_failed_run_says_why(
    client: TestClient, queue: JobQueue, waiting: str, sessions: sessionmaker[Session]
) -> None:
    client.post(f"/runs/{waiting}/cancel")
    with sessions.begin() as session:
        run = session.get_one(Run, waiting)
        run.status, run.error = "failed", "The GPU ran out of memory. Lower “Tokens per forward pass”."
    text = client.get(f"/runs/{waiting}").text
    assert "This run failed" in text
    assert "The GPU ran out of memory" in text
    assert f'action="/runs/{waiting}/retry"' in text


def test_the_document_of_a_run(client: TestClient, finished: str, waiting: str) -> None:
    document = client.get(f"/runs/{finished}/run.json").json()
    assert document["run"]["id"] == finished
    assert document["spec"]["pivot"] == "en"
    refused = client.get(f"/runs/{waiting}/run.json")
    assert refused.status_code == 409
    assert "has no numbers to show yet" in refused.json()["error"]
