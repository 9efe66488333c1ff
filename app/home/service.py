"""What the first page shows, and which part of the product is down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from app.db.migrate import pending
from app.db.status import current_status
from app.db.tables import Corpus, Job, Model, Run, WorkerLease
from app.settings import Settings

RUNS_SHOWN = 8
Part = Literal["up", "down"]


class Health(BaseModel):
    """Which part is up. The web works without a worker; jobs then wait."""

    status: Literal["ok", "degraded", "down"]
    database: Part
    migrations: Part
    worker: Part
    workers: int
    detail: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page counts, and the job it follows."""

    models: int
    corpora: int
    runs: int
    following: Job | None  # the scan that runs, or waits, longest


def overview(session: Session) -> Overview:
    """Counts, and the oldest unfinished scan."""

    def total(table: type[Model | Corpus | Run]) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    unfinished = select(Job).where(Job.kind == "scan", Job.status.in_(("running", "queued")))
    following = session.scalar(unfinished.order_by(Job.status.desc(), Job.created).limit(1))
    return Overview(total(Model), total(Corpus), total(Run), following)


def recent_runs(session: Session) -> list[tuple[Run, Model, Corpus]]:
    """The newest runs with what they scan."""
    query = (
        select(Run, Model, Corpus)
        .join(Model, Run.model_id == Model.id)
        .join(Corpus, Run.corpus_id == Corpus.id)
        .order_by(Run.created.desc(), Run.id)
        .limit(RUNS_SHOWN)
    )
    return list(session.execute(query))


def workers(session: Session) -> list[WorkerLease]:
    """Every worker heard of lately, living ones first."""
    query = select(WorkerLease).where(WorkerLease.state.in_(("starting", "live")))
    return list(session.scalars(query.order_by(WorkerLease.beat.desc()).limit(50)))


def health(sessions: sessionmaker[Session], settings: Settings, now: datetime) -> Health:
    """Ask each part; a database that is away is an answer here, not an error."""
    try:
        with sessions() as session:
            session.execute(text("SELECT 1"))
        behind = pending(settings.url)
        if behind:
            return Health(
                status="down",
                database="up",
                migrations="down",
                worker="down",
                workers=0,
                detail=f"The tables are old: {behind}.",
            )
        with sessions() as session:
            status = current_status(session, now, settings.lease_seconds)
    except (DBAPIError, PoolTimeout, OSError):
        detail = "The database does not answer; look at DATABASE_URL or DATA_DIR."
        return Health(status="down", database="down", migrations="down", worker="down", workers=0, detail=detail)
    if status.workers:
        return Health(
            status="ok", database="up", migrations="up", worker="up", workers=status.workers, detail=status.sentence
        )
    detail = "No worker is running; jobs wait. Start one with: babelscope worker"
    return Health(status="degraded", database="up", migrations="up", worker="down", workers=0, detail=detail)
