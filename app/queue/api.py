"""Jobs as JSON."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.contracts.jobs import Status
from app.db.jobs import StoredJob
from app.queue import service
from app.web.deps import Db, Now, Queue
from app.web.errors import REFUSED

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=REFUSED)


class JobAnswer(BaseModel):
    """A job and how far it is; times left and passed are in seconds."""

    id: str
    kind: str
    title: str
    subject: str
    status: Status
    stage: str
    done: float
    total: float
    estimate: float | None
    elapsed: float | None
    remaining: float | None
    error: str | None
    created: datetime
    started: datetime | None
    finished: datetime | None


class EventAnswer(BaseModel):
    """One line of a job's log."""

    seq: int
    kind: str
    data: dict[str, Any]
    created: datetime


class JobDetail(JobAnswer):
    """A job with what it was asked and the last of its log."""

    spec: dict[str, Any]
    events: list[EventAnswer]


def _fields(job: StoredJob) -> dict[str, Any]:
    row = {name: getattr(job.row, name) for name in JobAnswer.model_fields if hasattr(job.row, name)}
    return {**row, "elapsed": job.elapsed, "remaining": job.remaining}


def _detail(db: Db, queue: Queue, job_id: str, now: Now) -> JobDetail:
    job = service.find_job(db, queue, job_id, now)
    events = [EventAnswer.model_validate(event, from_attributes=True) for event in service.events_of(db, queue, job_id)]
    return JobDetail(**_fields(job), spec=job.row.spec, events=events)


@router.get("")
def jobs(query: Annotated[service.JobsQuery, Query()], db: Db, queue: Queue, now: Now) -> list[JobAnswer]:
    """Fifty jobs, newest first."""
    return [JobAnswer(**_fields(job)) for job in service.list_jobs(db, queue, query, now)]


@router.get("/{job_id}")
def job(job_id: str, db: Db, queue: Queue, now: Now) -> JobDetail:
    """One job with its log."""
    return _detail(db, queue, job_id, now)


@router.post("/{job_id}/cancel")
def cancel(job_id: str, db: Db, queue: Queue, now: Now) -> JobDetail:
    """Cancel a job; cancelling twice changes nothing."""
    queue.cancel(db, job_id)
    return _detail(db, queue, job_id, now)


@router.post("/{job_id}/retry", status_code=201)
def retry(job_id: str, db: Db, queue: Queue, now: Now) -> JobDetail:
    """Try a failed or cancelled job again, as a new job."""
    return _detail(db, queue, queue.retry(db, job_id), now)
