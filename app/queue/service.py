"""Reading jobs and their logs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.jobs import StoredJob, job_view
from app.db.tables import Event, Job
from app.jobs.queue import JobQueue

JOBS_SHOWN = 50
EVENTS_SHOWN = 500


class JobsQuery(BaseModel):
    """Which jobs a list shows; the state of its address."""

    status: Literal["", "queued", "running", "complete", "failed", "cancelled"] = ""
    before: datetime | None = Field(None, description="Jobs created before this moment: the next page.")


def list_jobs(session: Session, queue: JobQueue, query: JobsQuery, now: datetime) -> list[StoredJob]:
    """Jobs, newest first."""
    rows: Sequence[Job] = queue.list(session, query.status or None, JOBS_SHOWN, query.before)
    return [job_view(row, now) for row in rows]


def count_jobs(session: Session) -> dict[str, int]:
    """How many jobs there are of each status."""
    return dict(session.execute(select(Job.status, func.count()).group_by(Job.status)).all())


def find_job(session: Session, queue: JobQueue, job_id: str, now: datetime) -> StoredJob:
    """One job. Raises NotFound."""
    return job_view(queue.get(session, job_id), now)


def events_of(session: Session, queue: JobQueue, job_id: str) -> list[Event]:
    """The last events of the job, in order. Raises NotFound."""
    after = max(queue.get(session, job_id).event_seq - EVENTS_SHOWN, 0)
    return list(queue.events(session, job_id, after, EVENTS_SHOWN))
