"""Workers look for pieces often while a job is open, seldom otherwise."""

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.contracts.jobs import ProjectSpec
from app.db.session import utc_now
from app.jobs.engine import _register_queues
from app.jobs.engine_tables import engine_tables
from app.jobs.names import BATCH
from app.jobs.pace import BUSY_SECONDS, IDLE_SECONDS, hurry
from app.jobs.queue import JobQueue
from app.jobs.states import Ending, finish
from app.jobs.subjects import SETTLERS


def looks(session: Session) -> float | None:
    """Seconds between two looks."""
    queues = engine_tables(session).queues
    return session.scalar(select(queues.c.polling_interval_sec).where(queues.c.name == BATCH))


def test_the_last_job_to_end_lets_the_workers_rest(engine: Engine, session: Session) -> None:
    queue = JobQueue(engine)
    _register_queues(queue._client)
    assert looks(session) == IDLE_SECONDS
    first, second = (
        queue.enqueue(session, ProjectSpec(run_id="run", method="pca"), title=name, subject="run") for name in "ab"
    )
    hurry(session)
    assert looks(session) == BUSY_SECONDS
    finish(session, first, Ending("complete", None, utc_now()), SETTLERS)
    assert looks(session) == BUSY_SECONDS
    finish(session, second, Ending("failed", "It did not work.", utc_now()), SETTLERS)
    assert looks(session) == IDLE_SECONDS
