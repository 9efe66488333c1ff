"""The event log of a job as its pieces write it, each event in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.db.session import utc_now
from app.db.tables import Event
from app.errors import Cancelled
from app.jobs.analysis import Data
from app.jobs.states import STOP, change, note


@dataclass
class JobLog:
    """Implements `EventLog` on the database; `patiently` calls again while the database is away."""

    job_id: str
    sessions: sessionmaker[Session]
    patiently: Callable[[Callable[[], None]], None]
    _seen: int = field(default=0, init=False)  # events up to here hold no request to stop

    def emit(self, kind: str, data: Data) -> None:
        """Add an event; raises Cancelled once the job has ended."""
        self.patiently(lambda: self._emit(kind, data))

    def _emit(self, kind: str, data: Data) -> None:
        with self.sessions.begin() as session:
            job = change(session, self.job_id, {})
            if job is None:
                raise Cancelled(f"Job {self.job_id} has ended meanwhile.")
            note(session, job, kind, data, utc_now())

    def count(self, kind: str) -> int:
        """How many events of a kind there are."""
        query = select(func.count()).where(Event.job_id == self.job_id, Event.kind == kind)
        with self.sessions() as session:
            return session.scalar(query) or 0

    def has_stop(self) -> bool:
        """Whether somebody has asked the job to stop; reads only what came since it was last asked."""
        query = select(Event.seq, Event.kind).where(Event.job_id == self.job_id, Event.seq > self._seen)
        with self.sessions() as session:
            new = session.execute(query.order_by(Event.seq)).all()
        if any(kind == STOP for _, kind in new):
            return True
        self._seen = new[-1][0] if new else self._seen
        return False
