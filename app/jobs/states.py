"""The status of a job: every change with its event, the row it works on, and the engine's workflows, in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import func, or_, update
from sqlalchemy.orm import Session

from app.contracts.jobs import job_spec
from app.db.tables import Event, Job
from app.jobs.analysis import Progress, Settle
from app.jobs.engine_tables import CANCELLED, ERROR, SUCCESS, engine_tables
from app.jobs.pace import relax

OPEN = ("queued", "running")
STOP = "stop"  # kind of the event by which a user asks a job to end early with what it has


def change(session: Session, job_id: str, values: Mapping[str, Any], among: tuple[str, ...] = OPEN) -> Job | None:
    """Change a job that is still in one of the states `among`, and reserve its next event number; None if it is not.

    The row stays locked until the commit, so a job's events are numbered in the order they become visible.
    """
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.status.in_(among))
        .values({"event_seq": Job.event_seq + 1, **values})
        .returning(Job)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()


def note(session: Session, job: Job, kind: str, data: dict[str, JsonValue], at: datetime) -> None:
    """Write the event that `change` has reserved the number for."""
    session.add(Event(job_id=job.id, seq=job.event_seq, kind=kind, data=data, created=at))


def note_status(session: Session, job: Job, at: datetime) -> None:
    """Write the event of a new status."""
    note(session, job, "status", {"status": job.status, "error": job.error}, at)


def note_progress(session: Session, job: Job, progress: Progress, at: datetime) -> None:
    """Write the event of a progress."""
    data: dict[str, JsonValue] = {
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "note": progress.note,
    }
    note(session, job, "progress", data, at)


def begin(session: Session, job_id: str, settlers: Mapping[str, Settle], at: datetime) -> None:
    """A queued job runs from its first piece on; later pieces change nothing."""
    job = change(session, job_id, {"status": "running", "started": at}, among=("queued",))
    if job is not None:
        note_status(session, job, at)
        settle(session, job, settlers)


@dataclass(frozen=True)
class Ending:
    """How and when a job ended."""

    status: str
    error: str | None
    at: datetime


def finish(session: Session, job_id: str, ending: Ending, settlers: Mapping[str, Settle], keep: str = "") -> bool:
    """End a job, with its subject; False if it had ended. The workflows of one that did not complete are cancelled.

    All but `keep`, the one that is just telling us so.
    """
    values = {"status": ending.status, "error": ending.error, "finished": ending.at}
    job = change(session, job_id, values)
    if job is None:
        return False
    note_status(session, job, ending.at)
    settle(session, job, settlers)
    relax(session)
    if ending.status != "complete":
        cancel_workflows(session, job_id, ending.at, keep)
    return True


def settle(session: Session, job: Job, settlers: Mapping[str, Settle]) -> None:
    """Write the job's status into the row it works on."""
    session.flush()
    settlers[job.kind](session, job_spec.validate_python(job.spec), job.status, job.error)


def cancel_workflows(session: Session, job_id: str, at: datetime, keep: str) -> None:
    """Take a job's parent and pieces from the engine: none begins any more, those that run can store nothing."""
    table = engine_tables(session).status
    now = int(at.timestamp() * 1000)
    session.execute(
        update(table)
        .where(or_(table.c.workflow_uuid == job_id, table.c.parent_workflow_id == job_id))
        .where(table.c.workflow_uuid != keep, func.coalesce(table.c.status, "").not_in((SUCCESS, ERROR, CANCELLED)))
        .values(
            status=CANCELLED,
            owner_xid=None,
            queue_name=None,
            deduplication_id=None,
            started_at_epoch_ms=None,
            updated_at=now,
            completed_at=now,
        )
    )
