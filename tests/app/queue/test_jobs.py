"""Jobs as users see them, and the stream that keeps pages up to date."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import InspectSpec
from app.db.jobs import StoredJob, job_view
from app.db.tables import Event, Job, Model
from app.jobs.queue import JobQueue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def job_id(queue: JobQueue, sessions: sessionmaker[Session]) -> str:
    """A queued inspection."""
    with sessions.begin() as session:
        session.add(Model(id="m", name="m", source="o/m", created=NOW))
        session.flush()
        return queue.enqueue(session, InspectSpec(model_id="m"), title="Inspect <m>", subject="m", estimate=40)


def advance(sessions: sessionmaker[Session], job_id: str, done: int, stage: str = "Loading the model") -> None:
    """What a worker's progress leaves in the database."""
    with sessions.begin() as session:
        job = session.get_one(Job, job_id)
        job.status, job.stage, job.done, job.total = "running", stage, done, 10
        job.started = job.started or NOW
        job.event_seq += 1
        data = {"stage": stage, "done": done, "total": 10, "note": ""}
        session.add(Event(job_id=job.id, seq=job.event_seq, kind="progress", data=data, created=NOW))


def test_an_empty_list(reader: TestClient) -> None:
    assert "No job yet" in reader.get("/jobs").text
    assert "No job is failed" in reader.get("/jobs?status=failed").text


def test_list_filter_and_badge(client: TestClient, job_id: str, sessions: sessionmaker[Session]) -> None:
    advance(sessions, job_id, 3)
    text = client.get("/jobs").text
    assert "Inspect &lt;m&gt;" in text
    assert 'title="1 running, 0 waiting"' in text
    assert [job["id"] for job in client.get("/api/jobs?status=running").json()] == [job_id]
    assert client.get("/api/jobs?status=queued").json() == []
    assert client.get("/api/jobs?status=nonsense").status_code == 422


def test_a_job_shows_stage_log_and_what_was_asked(
    client: TestClient, job_id: str, sessions: sessionmaker[Session]
) -> None:
    advance(sessions, job_id, 3)
    text = client.get(f"/jobs/{job_id}").text
    assert "<title>30 % · Inspect &lt;m&gt; · Babelscope</title>" in text
    assert "3 of 10" in text
    assert 'href="/models/m"' in text
    assert '"kind": "inspect"' in text
    detail = client.get(f"/api/jobs/{job_id}").json()
    assert [event["seq"] for event in detail["events"]] == [1, 2]
    assert detail["spec"] == {"kind": "inspect", "model_id": "m"}


def test_the_time_left_comes_from_the_estimate_and_then_from_the_pace() -> None:
    job = Job(id="j", kind="scan", title="t", subject="r", status="queued", done=0, total=0, estimate=40.0)
    assert job_view(job, NOW).remaining == 40
    job.status, job.started, job.total = "running", NOW, 100
    assert job_view(job, NOW + timedelta(seconds=10)).remaining == 30
    assert job_view(job, NOW + timedelta(seconds=50)).remaining is None, "longer than estimated: nobody knows"
    job.done = 25
    assert job_view(job, NOW + timedelta(seconds=1)).remaining == 39, "a first second is no pace"
    seen = job_view(job, NOW + timedelta(seconds=10))
    assert (seen.remaining, seen.percent, seen.place) == (30, 25, "/runs/r")
    drawn = Job(
        id="p", kind="project", title="t", subject="r", status="running", done=0, total=1, spec={"method": "umap"}
    )
    assert job_view(drawn, NOW).place == "/runs/r/map"
    drawn.status = "complete"
    assert job_view(drawn, NOW).place == "/runs/r/map?method=umap"
    job.status, job.finished = "complete", NOW + timedelta(seconds=50)
    assert (job_view(job, NOW + timedelta(days=1)).elapsed, job_view(job, NOW).remaining) == (50, None)


def test_cancel_and_retry(client: TestClient, job_id: str) -> None:
    assert client.post(f"/jobs/{job_id}/cancel").headers["location"] == f"/jobs/{job_id}"
    assert client.get(f"/api/jobs/{job_id}").json()["status"] == "cancelled"
    assert client.post(f"/api/jobs/{job_id}/cancel").status_code == 200
    again = client.post(f"/jobs/{job_id}/retry").headers["location"]
    assert again != f"/jobs/{job_id}"
    assert client.post(f"/api/jobs/{job_id}/retry").status_code == 409
    assert client.post("/jobs/none/cancel").status_code == 404


def lines(client: TestClient, address: str, headers: dict[str, str] | None = None) -> Iterator[str]:
    with client.stream("GET", address, headers=headers or {}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        assert "content-encoding" not in answer.headers
        yield from answer.iter_lines()


def test_a_stream_tells_the_stored_log_and_says_done(
    client: TestClient, queue: JobQueue, job_id: str, sessions: sessionmaker[Session]
) -> None:
    advance(sessions, job_id, 3)
    with sessions.begin() as session:
        queue.cancel(session, job_id)
    told = list(lines(client, f"/jobs/{job_id}/events?log=1"))
    assert "id: 3" in told
    assert [line for line in told if line][-2:] == ["event: done", "data: done"]
    body = "\n".join(told)
    assert f'hx-target="#progress-{job_id}"' in body
    assert f'hx-target="#log-{job_id}"' in body
    assert body.count('<li class="line') == 3
    assert "#log-" not in "\n".join(lines(client, f"/jobs/{job_id}/events"))


def test_who_comes_back_goes_on_after_the_last_event_seen(
    client: TestClient, queue: JobQueue, job_id: str, sessions: sessionmaker[Session]
) -> None:
    advance(sessions, job_id, 3)
    with sessions.begin() as session:
        queue.cancel(session, job_id)
    for address, headers in (
        (f"/jobs/{job_id}/events?log=1", {"Last-Event-ID": "2"}),
        (f"/jobs/{job_id}/events?log=1&after=2", {}),
        (f"/jobs/{job_id}/events?log=1&after=1", {"Last-Event-ID": "2"}),
    ):
        body = "\n".join(lines(client, address, headers))
        assert body.count('<li class="line') == 1
        assert "Cancelled" in body
    assert "<li" not in "\n".join(lines(client, f"/jobs/{job_id}/events?log=1&after=3"))


def test_a_stream_waits_for_what_is_added(
    client: TestClient, queue: JobQueue, job_id: str, sessions: sessionmaker[Session]
) -> None:
    def work() -> None:
        for done in (1, 2, 3):
            time.sleep(0.3)
            advance(sessions, job_id, done)
        time.sleep(0.3)
        with sessions.begin() as session:
            queue.cancel(session, job_id)

    worker = threading.Thread(target=work)
    worker.start()
    body = "\n".join(lines(client, f"/jobs/{job_id}/events?log=1"))
    worker.join()
    assert body.count('<li class="line') == 5
    assert "event: done" in body


def test_a_job_that_is_not_there_has_no_stream(client: TestClient, job_id: str) -> None:
    assert client.get("/jobs/none/events").status_code == 404
    assert client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("status", "seconds", "words"),
    [("running", 0.4, "nearly done"), ("running", 90, "about 1 min 30 s left"), ("queued", 0.4, "under 1 s of work")],
)
def test_the_time_left_in_words(app: FastAPI, status: str, seconds: float, words: str) -> None:
    row = Job(id="j", kind="scan", title="t", subject="r", status=status, done=1, total=4)
    text = app.state.templates.get_template("_progress.html").render(job=StoredJob(row, None, seconds, "/runs/r"))
    assert words in text
    assert "about under" not in text
