"""A worker process: takes the jobs of one device until it is told to stop, or until its supervisor is gone."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from app.contracts.results import Catalogue
from app.db.session import make_engine, make_sessions
from app.jobs import Analysis
from app.jobs.engine import launch_engine
from app.jobs.leases import announce
from app.jobs.lost import LostAndFound
from app.settings import Settings

log = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0  # how long the piece in hand may take to end after a stop


def run(
    settings: Settings, executor: str, analyses: Mapping[str, Analysis], catalogue: Callable[[str], Catalogue]
) -> None:
    """Work under the name `executor` on the settings' one device; returns never, the process ends here."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    offer = catalogue(settings.device)
    engine = make_engine(settings.url)
    runner = launch_engine(analyses, settings, engine, executor, lambda: os._exit(70))
    with make_sessions(engine).begin() as session:
        announce(session, executor, offer)
    lost = LostAndFound(runner.running, make_sessions(engine), executor)
    threading.Thread(target=lost.keep_looking, args=(settings.lease_seconds,), daemon=True).start()
    log.info("Worker %s takes jobs on %s.", executor, settings.device)
    stop.wait()
    if not runner.gate.close(DRAIN_SECONDS):
        log.warning("The piece in hand did not end in %.0f s; it begins again at the next start.", DRAIN_SECONDS)
    # Not a return: parents are still waiting in their threads. What they hold is handed on by the supervisor.
    logging.shutdown()
    os._exit(0)


def _end_with_supervisor() -> None:
    """Nobody would tell the others that we live; our name would be declared dead while we work."""
    sys.stdin.buffer.read()
    log.warning("The supervisor is gone; this worker ends.")
    os._exit(71)


def start_logging(level: str) -> None:
    """Our own messages from `level` on, those of libraries from warnings on."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr
    )
    for name in ("app", "worker"):
        logging.getLogger(name).setLevel(level.upper())
