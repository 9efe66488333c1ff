"""Pages of the jobs, and the stream that keeps them up to date."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.db.jobs import StoredJob
from app.db.session import utc_now
from app.db.tables import Event
from app.errors import Ended
from app.queue import service
from app.queue.stream import JobStream
from app.web.deps import Db, Now, Page, Queue
from app.web.render import html, see_other

router = APIRouter(prefix="/jobs")


@router.get("", name="queue:list")
def jobs(query: Annotated[service.JobsQuery, Query()], db: Db, queue: Queue, now: Now, view: Page) -> HTMLResponse:
    """All jobs, newest first."""
    found = service.list_jobs(db, queue, query, now)
    more = found[-1].row.created.isoformat() if len(found) == service.JOBS_SHOWN else None
    counts = service.count_jobs(db)
    return view.page("queue/list.html", state=query, jobs=found, query=query, counts=counts, more=more)


@router.get("/{job_id}", name="queue:page")
def job(job_id: str, db: Db, queue: Queue, now: Now, view: Page) -> HTMLResponse:
    """A job: how far it is, and its log."""
    found = service.find_job(db, queue, job_id, now)
    return view.page("queue/page.html", job=found, events=service.events_of(db, queue, job_id))


@router.post("/{job_id}/cancel", name="queue:cancel")
def cancel(job_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Cancel a job; what is running stops within a batch."""
    with suppress(Ended):  # the page shows how
        queue.cancel(db, job_id)
    return see_other(f"/jobs/{job_id}")


@router.post("/{job_id}/retry", name="queue:retry")
def retry(job_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Try a failed or cancelled job again, as a new job."""
    return see_other(f"/jobs/{queue.retry(db, job_id)}")


def job_stream(
    request: Request, job_id: str, db: Db, queue: Queue, log: Annotated[int, Query(ge=0, le=1)] = 0
) -> JobStream:
    """The stream of a job that exists, for pages with or without its log. Raises NotFound before anything is sent."""
    queue.get(db, job_id)

    def draw(job: StoredJob, events: list[Event]) -> str:
        body = html(request, "queue/_event.html", job=job, events=events, log=log).body
        return bytes(body).decode()

    return JobStream(request.app.state.sessions, queue, job_id, utc_now, draw)


@router.get("/{job_id}/events", name="queue:events", response_class=EventSourceResponse)
async def events(
    stream: Annotated[JobStream, Depends(job_stream)],
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """What happens to the job after event `after`; a browser that comes back goes on after the last it has seen."""
    async for event in stream.follow(max(after, last_event_id)):
        yield event
