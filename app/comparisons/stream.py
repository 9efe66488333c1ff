"""The event stream of a comparison that runs: its texts as they are written, a batch of tokens at a time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from fastapi.sse import ServerSentEvent
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from app.comparisons.journal import Journal, News
from app.comparisons.service import Line, line_of
from app.contracts.jobs import FINISHED
from app.db.tables import Event, Job

WRITING_SECONDS = 0.04  # between two looks while tokens come
QUIET_SECONDS = 0.25  # when none came for a while
LOOKS_WITHOUT = 25  # looks in vain before it is a while
AT_ONCE = 500
RETRY_MILLISECONDS = 500
LEFT_SECONDS = 4.0  # a page that was left may come back for so long: a reload, a lost connection


@dataclass(frozen=True)
class Scene:
    """What a stream draws from: the job, its place in the line while it waits, the journal and what is new in it."""

    job: Job
    line: Line | None
    journal: Journal
    news: News


@dataclass
class CompareStream:
    """Follows one comparison's job in the database; a position is the number of the last event sent."""

    sessions: sessionmaker[Session]
    job_id: str
    draw: Callable[[Scene], str]
    journal: Journal = field(default_factory=Journal)
    ended: bool = False
    _place: Line | None = field(default=None, init=False)

    async def follow(self, after: int) -> AsyncIterator[ServerSentEvent]:
        """Fragments for htmx, each with the last event's number as id, then `done`."""
        await run_in_threadpool(self._catch_up, after)
        vain = 0
        while not self.ended:
            scene = await run_in_threadpool(self._look)
            if scene is None:
                self.ended = True
                break
            if scene.news.added or scene.news.emptied or scene.news.other:
                vain = 0
                yield ServerSentEvent(id=str(self.journal.seq), retry=RETRY_MILLISECONDS, raw_data=self.draw(scene))
            else:
                vain += 1
            self.ended = scene.job.status in FINISHED and self.journal.seq >= scene.job.event_seq
            if not self.ended:
                writing = scene.job.status == "running" and vain < LOOKS_WITHOUT
                await asyncio.sleep(WRITING_SECONDS if writing else QUIET_SECONDS)
        yield ServerSentEvent(event="done", raw_data="done")

    def _catch_up(self, after: int) -> None:
        """Read what the page has already, to know which rows there are."""
        with self.sessions() as session:
            self.journal.take(_events(session, self.job_id, self.journal.seq, after))
        self.journal.seq = max(self.journal.seq, after)

    def _look(self) -> Scene | None:
        """The job and what is new; None if the job was deleted. One row by its key while nothing is."""
        with self.sessions() as session:
            job = session.get(Job, self.job_id)
            if job is None:
                return None
            news = News()
            if job.event_seq > self.journal.seq:
                found = _events(session, self.job_id, self.journal.seq, self.journal.seq + AT_ONCE)
                news = self.journal.take(found)
            line = line_of(session, job) if job.status == "queued" else None
            news.other = news.other or line != self._place
            self._place = line
            return Scene(job, line, self.journal, news)


def _events(session: Session, job_id: str, after: int, until: int) -> list[Event]:
    query = select(Event).where(Event.job_id == job_id, Event.seq > after, Event.seq <= until).order_by(Event.seq)
    return list(session.scalars(query))


def read_journal(session: Session, job: Job) -> Journal:
    """All that was written so far."""
    journal = Journal()
    journal.take(_events(session, job.id, 0, job.event_seq))
    return journal


@dataclass
class Watchers:
    """How many pages watch each comparison that is to stop when it is left; one object a server process."""

    watching: Counter[str] = field(default_factory=Counter)
    waiting: set[asyncio.Task[None]] = field(default_factory=set)

    def came(self, comparison_id: str) -> None:
        """A page began to watch."""
        self.watching[comparison_id] += 1

    def left(self, comparison_id: str, stop: Callable[[], None] | None) -> None:
        """A page went away: unless one comes within a few seconds, stop; None if there is nothing to stop."""
        self.watching[comparison_id] -= 1
        if stop is None:
            return
        task = asyncio.get_running_loop().create_task(self._stop_unless_back(comparison_id, stop))
        self.waiting.add(task)
        task.add_done_callback(self.waiting.discard)

    async def _stop_unless_back(self, comparison_id: str, stop: Callable[[], None]) -> None:
        await asyncio.sleep(LEFT_SECONDS)
        if self.watching[comparison_id] <= 0:
            del self.watching[comparison_id]
            await run_in_threadpool(stop)
