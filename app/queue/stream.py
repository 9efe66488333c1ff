"""The event stream of a job: its stored log from any point, then what is added, until the job ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi.sse import ServerSentEvent
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from app.db.jobs import StoredJob
from app.db.tables import Event
from app.errors import NotFound
from app.jobs.queue import JobQueue
from app.queue.service import find_job

POLL_SECONDS = 0.4
AT_ONCE = 200
RETRY_MILLISECONDS = 500

Draw = Callable[[StoredJob, list[Event]], str]


@dataclass(frozen=True)
class JobStream:
    """Follows one job in the database; the position is the id of the last event sent, so any server can go on."""

    sessions: sessionmaker[Session]
    queue: JobQueue
    job_id: str
    clock: Callable[[], datetime]
    draw: Draw

    async def follow(self, after: int) -> AsyncIterator[ServerSentEvent]:
        """Fragments for htmx with the event's number as id, then `done`."""
        while True:
            seen = await run_in_threadpool(self._news, after)
            if seen is None:
                break
            job, events = seen
            if events:
                after = events[-1].seq
                yield ServerSentEvent(id=str(after), retry=RETRY_MILLISECONDS, raw_data=self.draw(job, events))
            if job.finished and after >= job.row.event_seq:
                break
            if len(events) < AT_ONCE:
                await asyncio.sleep(POLL_SECONDS)
        yield ServerSentEvent(event="done", raw_data="done")

    def _news(self, after: int) -> tuple[StoredJob, list[Event]] | None:
        """The job and its events after that number; None if the job was deleted."""
        with self.sessions() as session:
            try:
                job = find_job(session, self.queue, self.job_id, self.clock())
            except NotFound:
                return None
            return job, list(self.queue.events(session, self.job_id, after, AT_ONCE))
