"""What is kept of jobs that ended: their rows for ever, events and the engine's history for a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.contracts.jobs import FINISHED
from app.db.tables import Event, Job
from app.jobs.engine_tables import engine_tables

AT_ONCE = 400  # ids a statement


def forget_old(session: Session, keep_days: int, now: datetime) -> int:
    """Delete the events, and the engine's history, of up to 400 jobs that ended `keep_days` ago; says how many."""
    status = engine_tables(session).status
    known = select(status.c.workflow_uuid).where(status.c.workflow_uuid == Job.id).exists()
    old = Job.finished < now - timedelta(days=keep_days)
    ended = session.scalars(select(Job.id).where(Job.status.in_(FINISHED), old, known).limit(AT_ONCE)).all()
    if ended:
        _forget(session, ended)
    return len(ended)


def _forget(session: Session, jobs: Sequence[str]) -> None:
    """Delete what the engine keeps of these jobs and their pieces, and their events."""
    tables = engine_tables(session)
    name = tables.status.c.workflow_uuid
    family = or_(name.in_(jobs), tables.status.c.parent_workflow_id.in_(jobs))
    members = session.scalars(select(name).where(family)).all()
    for start in range(0, len(members), AT_ONCE):
        some = members[start : start + AT_ONCE]
        for table in (*tables.payloads, tables.status):
            session.execute(delete(table).where(table.c.workflow_uuid.in_(some)))
        session.execute(delete(tables.checkpoints).where(tables.checkpoints.c.workflow_id.in_(some)))
    session.execute(delete(Event).where(Event.job_id.in_(jobs)), execution_options={"synchronize_session": False})
