"""The workers of this machine: `python -m worker.main` starts a supervisor, and that one process a device."""

import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from sqlalchemy import Engine

from app.db.migrate import upgrade
from app.db.session import make_engine, translated_errors
from app.errors import BadInput, ProductError
from app.jobs.failures import patient
from app.jobs.queue import prepare
from app.settings import Settings
from worker.process import start_logging
from worker.supervisor import Supervisor

log = logging.getLogger("worker.main")


def main() -> None:
    """Supervise until told to stop: once lets the pieces in hand end, Ctrl-C twice does not."""
    settings = Settings()
    start_logging(settings.log_level)
    stop, hurry = stop_signals()
    engine = make_engine(settings.url)
    patient(lambda: _prepare(engine, settings.url), lambda: None)
    supervisor = Supervisor(
        engine, devices_of(settings.device), command, socket.gethostname(), settings.lease_seconds, settings.keep_days
    )
    log.info("Workers on %s.", ", ".join(supervisor.devices))
    supervisor.run(stop, hurry)


def command(executor: str, device: str) -> list[str]:
    """How the worker on `device` is started."""
    return [sys.executable, "-m", "worker.on_device", executor, device]


def devices_of(setting: str) -> Sequence[str]:
    """The devices that DEVICE names; auto asks torch, in a process of its own. Raises BadInput."""
    if setting == "auto":
        found = subprocess.run([sys.executable, "-m", "worker.devices"], check=True, capture_output=True, text=True)
        return found.stdout.split()
    devices = [name.strip() for name in setting.split(",") if name.strip()]
    if not devices or len(set(devices)) < len(devices):
        raise BadInput(f"DEVICE is “{setting}”. Write auto, cpu, cuda, or different devices as cuda:0,cuda:1.")
    return devices


def stop_signals() -> tuple[threading.Event, threading.Event]:
    """Events for a stop (SIGTERM, Ctrl-C) and for a hurry (Ctrl-C again)."""
    stop, hurry = threading.Event(), threading.Event()

    def interrupted(*_: object) -> None:
        (hurry if stop.is_set() else stop).set()

    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, interrupted)
    return stop, hurry


def _prepare(engine: Engine, url: str) -> None:
    upgrade(url)
    prepare(engine)


if __name__ == "__main__":
    try:
        with translated_errors():
            main()
    except ProductError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence, not a traceback
        sys.exit(1)
