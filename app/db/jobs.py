"""What pages say about a job: how far it is, how long it will take, and where its result is."""

from dataclasses import dataclass
from datetime import datetime

from app.contracts.jobs import FINISHED
from app.db.tables import Job

# Before so much is done, and so many seconds are over, what was estimated tells more than how it went.
FIRST_SHARE, FIRST_SECONDS = 0.02, 2.0


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job's row with what a page says about it."""

    row: Job
    elapsed: float | None  # seconds
    remaining: float | None  # seconds
    place: str  # address of what it works on

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.row.status in FINISHED

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return round(100 * self.row.done / self.row.total) if self.row.total else 0


def job_view(row: Job, now: datetime) -> StoredJob:
    """What a page says about the job."""
    elapsed = None if row.started is None else ((row.finished or now) - row.started).total_seconds()
    return StoredJob(row, elapsed, _remaining(row, elapsed), _place(row))


def _remaining(row: Job, elapsed: float | None) -> float | None:
    """Time left if it goes on as it went; what was estimated before the start while little is known."""
    if row.status == "queued":
        return row.estimate
    if row.status != "running" or elapsed is None:
        return None
    share = row.done / row.total if row.total else 0.0
    if share < FIRST_SHARE or elapsed < FIRST_SECONDS:
        left = None if row.estimate is None else row.estimate - elapsed
        return left if left is not None and left > 0 else None
    return elapsed * (1 - share) / share


def _place(row: Job) -> str:
    if row.kind == "project":
        drawn = f"?method={row.spec['method']}" if row.status == "complete" else ""
        return f"/runs/{row.subject}/map{drawn}"
    folders = {"scan": "/runs/", "inspect": "/models/"}
    return folders.get(row.kind, "/experiments/") + row.subject
