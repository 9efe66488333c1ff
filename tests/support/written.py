"""What a generating worker leaves in its job's log, written by hand."""

from sqlalchemy.orm import Session, sessionmaker

from app.contracts.comparisons import Role
from app.contracts.streaming import ROWS, TOKEN, StreamPiece, StreamRow, StreamRows, StreamTokens
from app.db.session import utc_now
from app.db.tables import Experiment, Job
from app.jobs.states import change, note

ROWS_OF: tuple[StreamRow, ...] = tuple(StreamRow(role=role) for role in ("normal", "ablated", "control"))


def job_of(session: Session, comparison_id: str) -> str:
    """The job of a comparison."""
    return session.get_one(Experiment, comparison_id).job_id


def begin(sessions: sessionmaker[Session], comparison_id: str, attempt: int = 1) -> None:
    """An attempt begins: the job runs, and its rows are told."""
    with sessions.begin() as session:
        job = session.get_one(Job, job_of(session, comparison_id))
        job.status, job.stage = "running", "Writing"
        session.flush()
        changed = change(session, job.id, {})
        assert changed is not None
        rows = StreamRows(attempt=attempt, rows=ROWS_OF)
        note(session, changed, ROWS, rows.model_dump(mode="json"), utc_now())


def write(sessions: sessionmaker[Session], comparison_id: str, texts: dict[Role, str], attempt: int = 1) -> None:
    """Every role gets its text, as one token."""
    roles = [row.role for row in ROWS_OF]
    pieces = tuple(StreamPiece(row=roles.index(role), text=text) for role, text in texts.items())
    with sessions.begin() as session:
        changed = change(session, job_of(session, comparison_id), {})
        assert changed is not None
        tokens = StreamTokens(attempt=attempt, pieces=pieces)
        note(session, changed, TOKEN, tokens.model_dump(mode="json"), utc_now())
