"""Leases of worker processes: who lives, who died, and whose jobs go on elsewhere."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, Table, Update, case, delete, func, select, update
from sqlalchemy.orm import Session

from app.contracts.results import Catalogue
from app.db.session import database_now
from app.db.tables import Job, WorkerLease
from app.jobs.analysis import Settle
from app.jobs.engine_tables import CANCELLED, ENQUEUED, ERROR, PENDING, POISONED, engine_tables
from app.jobs.names import BATCH, CONTROL, JOB
from app.jobs.states import OPEN, Ending, finish
from app.jobs.subjects import SETTLERS

log = logging.getLogger(__name__)

ALIVE = ("starting", "live")
ENDED = ("dead", "gone")
REMEMBERED = timedelta(days=1)  # how long a dead worker's name is looked after: one that was only frozen may come back
ABANDONED = (
    "The workers died again and again while this job was waiting for its pieces. "
    "The worker's log has the details under job {job_id}."
)


def register(session: Session, *, executor: str, host: str, device: str, pid: int) -> None:
    """Announce a worker process before it starts."""
    now = database_now(session)
    session.add(
        WorkerLease(executor=executor, host=host, device=device, pid=pid, state="starting", started=now, beat=now)
    )


def announce(session: Session, executor: str, catalogue: Catalogue) -> None:
    """A worker has started, and says what it can do."""
    values = {"state": "live", "catalogue": catalogue.model_dump(mode="json")}
    session.execute(update(WorkerLease).where(WorkerLease.executor == executor, _alive()).values(values))


def beat(session: Session, executor: str) -> bool:
    """Say that the worker lives; False if it was declared dead, and must be ended."""
    living = update(WorkerLease).where(WorkerLease.executor == executor, _alive())
    return _count(session, living.values(beat=database_now(session))) > 0


def has_started(session: Session, executor: str) -> bool:
    """Whether the worker has ever announced what it can do."""
    known = select(WorkerLease.catalogue).where(WorkerLease.executor == executor)
    return session.scalar(known) is not None


def hand_over(session: Session, executor: str, state: str = "dead") -> int:
    """Declare a worker dead (or gone: seen to end) and give its work back to the queues; says how much.

    Harmless when repeated.
    """
    session.execute(update(WorkerLease).where(WorkerLease.executor == executor).values(state=state))
    return _requeue(session, executor)


def held(session: Session, executor: str) -> set[str]:
    """The jobs and pieces the engine believes to be running under this name."""
    status = engine_tables(session).status
    return set(session.scalars(select(status.c.workflow_uuid).where(*_running(status, executor))))


def give_back(session: Session, executor: str, workflow: str) -> None:
    """Return one job or piece to its queue."""
    _requeue(session, executor, workflow)


def _requeue(session: Session, executor: str, workflow: str | None = None) -> int:
    status = engine_tables(session).status
    # Guarded by name and state: once another worker has taken a piece, nothing of it matches any more.
    again = update(status).where(*_running(status, executor))
    if workflow is not None:
        again = again.where(status.c.workflow_uuid == workflow)
    values = {
        "status": ENQUEUED,
        "owner_xid": None,
        "started_at_epoch_ms": None,
        "updated_at": int(database_now(session).timestamp() * 1000),
        "queue_name": func.coalesce(status.c.queue_name, case((status.c.name == JOB, CONTROL), else_=BATCH)),
    }
    return _count(session, again.values(values))


def _running(status: Table, executor: str) -> tuple[ColumnElement[bool], ...]:
    return status.c.executor_id == executor, status.c.status == PENDING


def reap(session: Session, lease_seconds: float, settlers: Mapping[str, Settle] = SETTLERS) -> int:
    """Hand over the work of workers not seen for a lease, look after those declared dead, and end abandoned jobs.

    Says how many jobs and pieces were handed over. Any process with a database may call it, at any time.
    """
    now = database_now(session)
    silent = WorkerLease.beat < now - timedelta(seconds=lease_seconds)
    overdue = session.scalars(select(WorkerLease.executor).where(_alive(), silent)).all()
    for executor in overdue:
        log.warning("The worker %s was not seen for %.0f seconds; its work goes on elsewhere.", executor, lease_seconds)
    # A worker that was only frozen may have taken more since: look again at all that are dead.
    dead = session.scalars(select(WorkerLease.executor).where(WorkerLease.state == "dead")).all()
    handed = sum(hand_over(session, executor) for executor in sorted({*overdue, *dead}))
    session.execute(delete(WorkerLease).where(WorkerLease.state.in_(ENDED), WorkerLease.beat < now - REMEMBERED))
    _end_abandoned(session, settlers, now)
    return handed


def _end_abandoned(session: Session, settlers: Mapping[str, Settle], now: datetime) -> None:
    """A job whose parent the engine has given up would otherwise be open for ever."""
    status = engine_tables(session).status
    given_up = status.c.status.in_((ERROR, CANCELLED, POISONED))
    query = select(Job.id).join(status, status.c.workflow_uuid == Job.id).where(Job.status.in_(OPEN), given_up)
    for job_id in session.scalars(query).all():
        finish(session, job_id, Ending("failed", ABANDONED.format(job_id=job_id), now), settlers)


def _alive() -> ColumnElement[bool]:
    return WorkerLease.state.in_(ALIVE)


def _count(session: Session, statement: Update) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount
