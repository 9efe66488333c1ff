"""How often workers look for work: each look is a transaction, so seldom while nothing is open, often during a scan.

A worker reads how often it shall look anew before every look, so one row paces the workers of all machines.
"""

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.db.tables import Job
from app.jobs.engine_tables import engine_tables
from app.jobs.names import BATCH

IDLE_SECONDS, BUSY_SECONDS = 0.5, 0.1  # between two looks for pieces of jobs that nobody waits for


def hurry(session: Session) -> None:
    """Pieces of a job are about to be queued, one after the other; a pause after each would slow it down."""
    _look(session, BUSY_SECONDS)


def relax(session: Session) -> None:
    """A job has ended; if it was the last one open, the workers look less often."""
    session.flush()
    if not session.scalar(select(exists().where(Job.status.in_(("queued", "running"))))):
        _look(session, IDLE_SECONDS)


def _look(session: Session, seconds: float) -> None:
    queues = engine_tables(session).queues
    session.execute(
        update(queues)
        .where(queues.c.name == BATCH, queues.c.polling_interval_sec != seconds)
        .values(polling_interval_sec=seconds)
    )
