"""Real supervisors and workers on the toy analysis. `python -m tests.support.toy_workers HOST [NAME DEVICE]`."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import FINISHED
from app.db.session import make_engine, make_sessions
from app.db.tables import Event, Job, Model, WorkerLease
from app.jobs import JobQueue
from app.settings import Settings
from tests.support.toys import ANALYSES, CATALOGUE, toy
from worker.main import stop_signals
from worker.process import run, start_logging
from worker.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.support.toy_workers"
PATIENCE = 240.0  # seconds; generous, for machines that do much else besides


@dataclass
class Workers:
    """The supervisors a test has started, and a queue to feed them."""

    url: str
    lease_seconds: float = 3.0
    supervisors: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = make_engine(self.url)
        self.sessions: sessionmaker[Session] = make_sessions(self.engine)
        self.queue = JobQueue(self.engine)

    def start(self, host: str = "here", device: str = "cpu") -> subprocess.Popen[bytes]:
        """A supervisor; `host` tells machines apart."""
        variables = {
            "DATABASE_URL": self.url,
            "LEASE_SECONDS": self.lease_seconds,
            "DEVICE": device,
            "PYTHONPATH": ROOT,
        }
        command = ["env", *(f"{name}={value}" for name, value in variables.items()), sys.executable, "-m", MODULE, host]
        process = subprocess.Popen(command, cwd=ROOT, process_group=0)
        self.supervisors.append(process)
        return process

    def put(self, method: str = "sum", *, interactive: bool = False, **how: object) -> str:
        """Queue a toy job."""
        with self.sessions.begin() as session:
            spec = toy(method, **how)  # type: ignore[arg-type]
            return self.queue.enqueue(session, spec, title=method, subject=spec.run_id, interactive=interactive)

    def job(self, job_id: str) -> Job:
        with self.sessions() as session:
            return self.queue.get(session, job_id)

    def ended(self, job_id: str, seconds: float = PATIENCE) -> Job:
        """The job once it has ended."""
        until(lambda: self.job(job_id).status in FINISHED, seconds)
        return self.job(job_id)

    def started(self, job_id: str) -> Job:
        """The job once its first piece has begun."""
        until(lambda: self.job(job_id).status != "queued")
        return self.job(job_id)

    def events(self, job_id: str) -> list[Event]:
        with self.sessions() as session:
            return [*self.queue.events(session, job_id, limit=10_000)]

    def stored(self, run_id: str) -> list[int]:
        """The numbers stored for a run, one for every time a piece was committed, sorted."""
        with self.sessions() as session:
            names = session.scalars(select(Model.name).where(Model.name.startswith(f"{run_id} ")))
            return sorted(int(name.split()[1]) for name in names)

    def leases(self, *states: str, host: str = "here") -> list[WorkerLease]:
        with self.sessions() as session:
            found = select(WorkerLease).where(WorkerLease.host == host, WorkerLease.state.in_(states))
            return [*session.scalars(found.order_by(WorkerLease.started))]

    def worker(self, host: str = "here") -> int:
        """The process id of the host's worker, once it takes jobs."""
        until(lambda: bool(self.leases("live", host=host)))
        return self.leases("live", host=host)[-1].pid

    def end(self) -> None:
        """End every process."""
        for process in self.supervisors:
            process.send_signal(signal.SIGCONT)
            process.kill()  # its workers see the closed pipe and end
            process.wait()
        self.engine.dispose()


def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until it is true."""
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.05)


def supervise(host: str) -> None:
    settings = Settings()

    def command(executor: str, device: str) -> list[str]:
        return [sys.executable, "-m", MODULE, host, executor, device]

    devices = settings.device.split(",")
    stop, hurry = stop_signals()
    engine = make_engine(settings.url)
    Supervisor(engine, devices, command, host, settings.lease_seconds, settings.keep_days).run(stop, hurry)


def main(host: str, executor: str = "", device: str = "") -> None:
    start_logging("info")
    if executor:
        run(Settings().model_copy(update={"device": device}), executor, ANALYSES, lambda _: CATALOGUE)
    else:
        supervise(host)


if __name__ == "__main__":
    main(*sys.argv[1:])
