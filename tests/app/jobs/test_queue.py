"""The queue without a worker: what is queued, cancelled, retried and forgotten, and what commits together."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import InspectSpec, ProjectSpec, ScanSpec
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.tables import Corpus, Event, Job, Model, Run
from app.errors import Conflict, NotFound
from app.jobs.engine_tables import engine_tables
from app.jobs.queue import JobQueue
from app.jobs.states import Ending, begin, finish
from app.jobs.subjects import SETTLERS

PROJECT = ProjectSpec(run_id="run", method="pca")


@pytest.fixture
def queue(engine: Engine) -> JobQueue:
    return JobQueue(engine)


def enqueue(queue: JobQueue, session: Session, title: str = "A job", *, interactive: bool = False) -> str:
    return queue.enqueue(session, PROJECT, title=title, subject="run", estimate=2.5, interactive=interactive)


def engine_status(session: Session, job_id: str) -> str | None:
    table = engine_tables(session).status
    return session.scalar(select(table.c.status).where(table.c.workflow_uuid == job_id))


def scan(queue: JobQueue, session: Session) -> str:
    """A queued scan with its run, as the web makes it."""
    spec = ScanSpec(run_id="run", model_id="model", corpus_id="corpus", languages=("de",), pivot="en")
    job_id = queue.enqueue(session, spec, title="Scan", subject="run")
    now = utc_now()
    session.add(Model(id="model", name="m", source="m", status="complete", created=now))
    session.add(Corpus(id="corpus", name="c", format="plain", languages=[], content_hash="c", report={}, created=now))
    session.flush()
    session.add(
        Run(
            id="run",
            name="r",
            model_id="model",
            corpus_id="corpus",
            job_id=job_id,
            spec=spec.model_dump(mode="json"),
            status="queued",
            created=now,
        )
    )
    session.flush()
    return job_id


def test_a_queued_job_tells_what_it_is(queue: JobQueue, session: Session) -> None:
    job_id = enqueue(queue, session, "Draw the map")
    session.commit()
    job = queue.get(session, job_id)
    assert (job.kind, job.title, job.subject, job.status) == ("project", "Draw the map", "run", "queued")
    assert (job.done, job.total, job.stage, job.estimate, job.error) == (0, 0, "", 2.5, None)
    assert job.spec == PROJECT.model_dump(mode="json")
    assert engine_status(session, job_id) == "ENQUEUED"
    assert [(event.seq, event.data) for event in queue.events(session, job_id)] == [
        (1, {"status": "queued", "error": None})
    ]


def test_job_and_rows_commit_together_or_not_at_all(queue: JobQueue, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        job_id = scan(queue, session)
        session.rollback()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0
        assert session.get(Run, "run") is None
        assert engine_status(session, job_id) is None
        with pytest.raises(NotFound, match=job_id):
            queue.get(session, job_id)


def test_lists_are_newest_first_and_go_on_page_by_page(queue: JobQueue, session: Session) -> None:
    ids = [enqueue(queue, session, f"Job {number}") for number in range(5)]
    session.commit()
    first = queue.list(session, limit=2)
    assert [job.id for job in first] == ids[:2:-1]
    assert [job.id for job in queue.list(session, before=first[-1].created)] == ids[2::-1]
    queue.cancel(session, ids[0])
    assert [job.id for job in queue.list(session, "cancelled")] == [ids[0]]


def test_cancelling_reaches_run_engine_and_log(queue: JobQueue, session: Session) -> None:
    job_id = scan(queue, session)
    ArrayStore(session).put("run", "shard/de/0000/states/1", np.zeros(3))
    ArrayStore(session).put("run", "sentences/de", np.zeros(3))
    session.commit()
    queue.cancel(session, job_id)
    session.commit()
    queue.cancel(session, job_id)
    session.commit()
    run = session.get_one(Run, "run", populate_existing=True)
    assert run.status == queue.get(session, job_id).status == "cancelled"
    assert run.finished is not None
    assert engine_status(session, job_id) == "CANCELLED"
    assert [event.data["status"] for event in queue.events(session, job_id, after=1)] == ["cancelled"]
    assert ArrayStore(session).names("run") == ["sentences/de"]


def test_what_has_ended_cannot_be_cancelled(queue: JobQueue, session: Session) -> None:
    job_id = enqueue(queue, session)
    assert finish(session, job_id, Ending("complete", None, utc_now()), SETTLERS)
    assert not finish(session, job_id, Ending("failed", "late", utc_now()), SETTLERS)
    with pytest.raises(Conflict, match="complete already"):
        queue.cancel(session, job_id)
    with pytest.raises(NotFound):
        queue.cancel(session, "nothing")


def test_only_failed_and_cancelled_jobs_are_tried_again(queue: JobQueue, session: Session) -> None:
    job_id = scan(queue, session)
    with pytest.raises(Conflict, match="is queued"):
        queue.retry(session, job_id)
    begin(session, job_id, SETTLERS, utc_now())
    assert session.get_one(Run, "run", populate_existing=True).status == "running"
    finish(session, job_id, Ending("failed", "It broke.", utc_now()), SETTLERS)
    assert session.get_one(Run, "run", populate_existing=True).error == "It broke."
    again = queue.retry(session, job_id)
    session.commit()
    assert again != job_id
    assert queue.get(session, again).spec == queue.get(session, job_id).spec
    run = session.get_one(Run, "run", populate_existing=True)
    assert (run.job_id, run.status, run.error, run.started, run.finished) == (again, "queued", None, None, None)
    with pytest.raises(Conflict, match="tried again already"):
        queue.retry(session, job_id)


def test_an_inspection_settles_its_model(queue: JobQueue, session: Session) -> None:
    session.add(Model(id="model", name="m", source="m", status="queued", created=utc_now()))
    job_id = queue.enqueue(session, InspectSpec(model_id="model"), title="Inspect", subject="model")
    queue.cancel(session, job_id)
    model = session.get_one(Model, "model", populate_existing=True)
    assert (model.status, model.error) == ("failed", "The inspection was cancelled.")


def test_retention_forgets_events_and_history_of_old_jobs_only(queue: JobQueue, session: Session) -> None:
    old, new, unfinished = (enqueue(queue, session) for _ in range(3))
    for job_id in (old, new):
        finish(session, job_id, Ending("complete", None, utc_now()), SETTLERS)
    session.execute(update(Job).where(Job.id == old).values(finished=utc_now() - timedelta(days=8)))
    session.commit()
    assert queue.retention(session, keep_days=7) == 1
    assert queue.retention(session, keep_days=7) == 0
    session.commit()
    assert queue.get(session, old).status == "complete"
    assert queue.events(session, old) == []
    assert engine_status(session, old) is None
    inputs = engine_tables(session).payloads[0]
    assert set(session.scalars(select(inputs.c.workflow_uuid))) == {new, unfinished}
    assert session.scalar(select(func.count()).select_from(Event)) == 3
