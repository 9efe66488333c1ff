"""Leases: who lives, who is declared dead, and that handing over twice, or late, changes nothing."""

from datetime import timedelta

import pytest
from dbos import DBOSClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import ProjectSpec
from app.contracts.results import Catalogue
from app.db.session import database_now
from app.db.tables import WorkerLease
from app.jobs.engine_tables import engine_tables
from app.jobs.leases import announce, beat, hand_over, has_started, reap, register
from app.jobs.lost import LostAndFound
from app.jobs.queue import JobQueue

SPEC = ProjectSpec(run_id="run", method="pca")
CATALOGUE = Catalogue(device="cpu", architectures=("A",), methods=())


@pytest.fixture
def queue(engine: Engine) -> JobQueue:
    return JobQueue(engine)


def lease(session: Session, executor: str, age: float = 0) -> None:
    """A registered worker, last seen `age` seconds ago."""
    register(session, executor=executor, host="h", device="cpu", pid=1)
    session.flush()
    seen = database_now(session) - timedelta(seconds=age)
    session.execute(update(WorkerLease).where(WorkerLease.executor == executor).values(beat=seen))


def taken(queue: JobQueue, session: Session, executor: str, status: str = "PENDING") -> str:
    """A job that the executor has taken from the queue."""
    job_id = queue.enqueue(session, SPEC, title="J", subject="run")
    table = engine_tables(session).status
    values = {"status": status, "executor_id": executor, "owner_xid": "mine", "started_at_epoch_ms": 5}
    session.execute(update(table).where(table.c.workflow_uuid == job_id).values(values))
    return job_id


def row(session: Session, job_id: str) -> tuple[str, str | None, str]:
    table = engine_tables(session).status
    query = select(table.c.status, table.c.owner_xid, table.c.queue_name).where(table.c.workflow_uuid == job_id)
    found, owner, queue = session.execute(query).one()
    return found, owner, queue


def state(session: Session, executor: str) -> str:
    return session.get_one(WorkerLease, executor, populate_existing=True).state


def test_a_worker_starts_announces_itself_and_lives(session: Session) -> None:
    lease(session, "w")
    assert not has_started(session, "w")
    announce(session, "w", CATALOGUE)
    assert has_started(session, "w")
    assert beat(session, "w")
    found = session.get_one(WorkerLease, "w", populate_existing=True)
    assert (found.state, Catalogue.model_validate(found.catalogue)) == ("live", CATALOGUE)


def test_a_dead_worker_is_told_so(session: Session) -> None:
    lease(session, "w")
    hand_over(session, "w")
    assert not beat(session, "w")
    announce(session, "w", CATALOGUE)
    assert state(session, "w") == "dead"


def test_only_what_the_worker_held_is_handed_over_and_only_once(queue: JobQueue, session: Session) -> None:
    held, done, other = (
        taken(queue, session, "w"),
        taken(queue, session, "w", "SUCCESS"),
        taken(queue, session, "other"),
    )
    lease(session, "w")
    assert hand_over(session, "w") == 1
    assert hand_over(session, "w") == 0
    assert row(session, held) == ("ENQUEUED", None, "ctl")
    assert row(session, done)[0] == "SUCCESS"
    assert row(session, other)[:2] == ("PENDING", "mine")


def test_the_engine_s_own_way_back_to_the_queue_leads_to_the_same_row(
    queue: JobQueue, engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        ours, theirs = taken(queue, session, "w"), taken(queue, session, "w")
        table = engine_tables(session).status
    client = DBOSClient(system_database_engine=engine)
    assert client._sys_db.reenqueue_for_recovery(theirs, ["w"], "ctl")
    with sessions.begin() as session:
        assert hand_over(session, "w") == 1
    columns = ("status", "owner_xid", "queue_name", "started_at_epoch_ms", "executor_id", "recovery_attempts")
    with sessions() as session:
        query = select(*(table.c[name] for name in columns))
        first, second = (session.execute(query.where(table.c.workflow_uuid == one)).one() for one in (ours, theirs))
    assert first == second


def test_silent_workers_are_reaped_and_living_ones_are_not(queue: JobQueue, session: Session) -> None:
    silent, living = taken(queue, session, "silent"), taken(queue, session, "living")
    lease(session, "silent", age=31)
    lease(session, "living", age=10)
    assert reap(session, 30) == 1
    assert (state(session, "silent"), state(session, "living")) == ("dead", "starting")
    assert row(session, silent)[0] == "ENQUEUED"
    assert row(session, living)[0] == "PENDING"


def test_what_a_frozen_worker_took_under_its_dead_name_is_found_again(queue: JobQueue, session: Session) -> None:
    lease(session, "zombie", age=100)
    assert reap(session, 30) == 0
    late = taken(queue, session, "zombie")
    assert reap(session, 30) == 1
    assert row(session, late)[0] == "ENQUEUED"


def test_the_dead_are_forgotten_after_a_day(session: Session) -> None:
    lease(session, "old", age=25 * 3600)
    hand_over(session, "old", "gone")
    lease(session, "new", age=3600)
    reap(session, 30)
    assert session.scalars(select(WorkerLease.executor)).all() == ["new"]


@pytest.mark.parametrize("status", ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"])
def test_a_job_whose_parent_the_engine_gave_up_is_ended(queue: JobQueue, session: Session, status: str) -> None:
    given_up, fine = taken(queue, session, "w", status), taken(queue, session, "w")
    reap(session, 30)
    job = queue.get(session, given_up)
    assert job.status == "failed"
    assert job.error is not None
    assert "again and again" in job.error
    assert queue.get(session, fine).status == "queued"


def test_what_the_engine_dropped_goes_back_to_its_queue(queue: JobQueue, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        at_work, dropped, other = (
            taken(queue, session, "w"),
            taken(queue, session, "w"),
            taken(queue, session, "other"),
        )
    lost = LostAndFound({at_work}, sessions, "w")
    assert lost.look() == set()  # it may just be on its way
    assert lost.look() == {dropped}
    assert lost.look() == set()
    with sessions() as session:
        assert [row(session, one)[0] for one in (at_work, dropped, other)] == ["PENDING", "ENQUEUED", "PENDING"]
