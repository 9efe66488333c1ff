"""What is going on right now: which workers live, how many jobs run; shown in the header of every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from app.db.tables import Job, UtcDateTime, WorkerLease
from app.text.plural import counted


@dataclass(frozen=True, slots=True)
class Status:
    """The workers seen within their lease, and the number of jobs queued and running."""

    devices: tuple[str, ...]
    starting: int
    queued: int
    running: int

    @property
    def workers(self) -> int:
        """How many workers live."""
        return len(self.devices)

    @property
    def sentence(self) -> str:
        """One short line for the header."""
        if self.devices:
            return f"{counted(self.workers, 'worker')} · {', '.join(sorted(set(self.devices)))}"
        return "Worker starting" if self.starting else "No worker running"


# Built once and asked in one go: every page shows it.
_STATUS = union_all(
    select(WorkerLease.state.label("part"), WorkerLease.device.label("name"), func.count().label("count"))
    .where(WorkerLease.state.in_(("starting", "live")), WorkerLease.beat >= bindparam("oldest", type_=UtcDateTime()))
    .group_by(WorkerLease.state, WorkerLease.device),
    select(literal("job"), Job.status, func.count()).where(Job.status.in_(("queued", "running"))).group_by(Job.status),
)


def current_status(session: Session, now: datetime, lease_seconds: float) -> Status:
    """Count live workers and unfinished jobs; a worker not seen for `lease_seconds` counts as dead."""
    rows = session.execute(_STATUS, {"oldest": now - timedelta(seconds=lease_seconds)}).all()
    counts = {name: count for part, name, count in rows if part == "job"}
    return Status(
        devices=tuple(device for part, device, count in rows if part == "live" for _ in range(count)),
        starting=sum(count for part, _, count in rows if part == "starting"),
        queued=counts.get("queued", 0),
        running=counts.get("running", 0),
    )
