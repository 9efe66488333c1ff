"""How far the missing parts of a report are, told without drawing a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.jobs import StoredJob, job_view
from app.db.runs import FinishedRun
from app.db.tables import Job, Run
from app.experiments.kind import Desk
from app.reports.parts import Asked, asked_parts

ENDED = ("complete", "failed", "cancelled")


@dataclass(frozen=True)
class Line:
    """Something that is still computed: what it is, where one finds it, and its job."""

    title: str
    preset: str
    address: str
    status: str
    job: StoredJob | None


@dataclass(frozen=True)
class Progress:
    """What is still computed, and a `mark` that changes when a figure of the report can have changed."""

    lines: tuple[Line, ...]
    mark: str


def progress_of(
    desk: Desk, columns: Sequence[tuple[FinishedRun, Sequence[Asked]]], other: Run | None, now: datetime
) -> Progress:
    """From the parts of every run of a report, and from the run of the other preset where one is on its way."""
    lines, ended = [], 0
    for run, parts in columns:
        for asked in parts:
            row = asked.experiment
            if row is None:
                continue
            if row.status in ENDED:
                ended += 1
                continue
            job = _job(desk, row.job_id, now)
            preset = run.spec.settings.preset
            lines.append(Line(asked.part.title, preset, f"/experiments/{row.id}", row.status, job))
    if other is not None and other.status not in ENDED:
        job = _job(desk, other.job_id, now)
        lines.append(Line(other.name, "scan", f"/runs/{other.id}", other.status, job))
    return Progress(tuple(lines), f"{len(columns)}.{ended}.{'none' if other is None else other.status in ENDED}")


def asked_of(desk: Desk, runs: Sequence[FinishedRun]) -> list[tuple[FinishedRun, tuple[Asked, ...]]]:
    """Every run with its parts, as `progress_of` reads them."""
    return [(run, tuple(asked_parts(desk, run))) for run in runs]


def _job(desk: Desk, job_id: str, now: datetime) -> StoredJob | None:
    row = desk.session.get(Job, job_id)
    return None if row is None else job_view(row, now)
