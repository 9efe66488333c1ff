"""Keeps one worker process a device alive, says so to the others, and looks after the work of workers that died.

It never imports torch, so that nothing a model does can keep it from its beat.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.contracts.ids import new_id
from app.db.session import give_back_space, make_sessions, utc_now
from app.jobs.leases import beat, hand_over, has_started, reap, register
from app.jobs.retention import forget_old

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1  # between two looks at the processes
BEATS_A_LEASE = 3
STOP_SECONDS = 17.0  # a worker gives the piece in hand 15
SLOWEST_START = 60.0  # seconds between two tries of a worker that dies at its start
DAY = 24 * 3600.0


@dataclass
class Slot:
    """A device, and the process that works on it."""

    device: str
    executor: str = ""
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    deaths: int = 0  # in a row, before a start succeeded


@dataclass
class Supervisor:
    """`command` says how to start a worker, given its new name and its device."""

    engine: Engine
    devices: Sequence[str]
    command: Callable[[str, str], list[str]]
    host: str
    lease_seconds: float
    keep_days: int
    clock: Callable[[], float] = time.monotonic
    slots: list[Slot] = field(init=False)
    _next_beat: float = 0.0
    _next_retention: float = 0.0
    _trusting_from: float = 0.0  # until then others may be silent only because the database was away

    def __post_init__(self) -> None:
        self.slots = [Slot(device) for device in self.devices]
        self._sessions = make_sessions(self.engine)

    def run(self, stop: threading.Event, hurry: threading.Event) -> None:
        """Keep the workers alive until `stop`; then let each end its piece, unless there is a `hurry`."""
        while not stop.wait(LOOK_SECONDS):
            self._survive(self._tick)
        self._stop(hurry)

    def _survive(self, act: Callable[[], None]) -> None:
        """The database may be away; the workers wait for it too."""
        try:
            act()
        except (DBAPIError, PoolTimeout) as error:
            if self.clock() >= self._trusting_from:
                log.warning("The database is away, the workers go on: %s", error.__cause__ or error)
            self._trusting_from = self.clock() + self.lease_seconds

    def _tick(self) -> None:
        for slot in self.slots:
            if slot.process is None:
                if self.clock() >= slot.start_at:
                    self._start(slot)
            elif slot.process.poll() is not None:
                self._bury(slot, slot.process)
        if self.clock() >= self._next_beat:
            self._next_beat = self.clock() + self.lease_seconds / BEATS_A_LEASE
            self._beat()
            self._look_after_others()

    def _start(self, slot: Slot) -> None:
        # New at every start: the engine takes up again whatever a namesake left.
        slot.executor = f"{self.host[:40]}-{slot.device}-{new_id()}"
        command = self.command(slot.executor, slot.device)
        # The pipe tells the worker when we are gone; its own process group keeps Ctrl-C from it.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603 - our own command
        try:
            with self._sessions.begin() as session:
                register(session, executor=slot.executor, host=self.host, device=slot.device, pid=process.pid)
        except (DBAPIError, PoolTimeout):
            _kill(process)
            raise
        slot.process = process

    def _bury(self, slot: Slot, process: subprocess.Popen[bytes]) -> None:
        with self._sessions.begin() as session:
            slot.deaths = 0 if has_started(session, slot.executor) else slot.deaths + 1
            handed = hand_over(session, slot.executor, "gone")
        _close(process)
        slot.process = None
        pause = min(2.0 ** (slot.deaths - 1), SLOWEST_START) if slot.deaths else 0.0
        slot.start_at = self.clock() + pause
        log.warning(
            "The worker on %s ended (status %d); %d of its jobs and pieces go on.",
            slot.device,
            process.returncode,
            handed,
        )
        if slot.deaths > 1:
            log.error(
                "The worker on %s ended %d times before it had started. Its own last lines, above, say why. "
                "It is tried again in %.0f s.",
                slot.device,
                slot.deaths,
                pause,
            )

    def _beat(self) -> None:
        for slot in self.slots:
            if slot.process is None or slot.process.poll() is not None:
                continue
            with self._sessions.begin() as session:
                living = beat(session, slot.executor)
            if not living:
                log.error("The worker on %s was declared dead by others; it is replaced.", slot.device)
                _kill(slot.process)

    def _look_after_others(self) -> None:
        if self.clock() >= self._trusting_from:
            with self._sessions.begin() as session:
                handed = reap(session, self.lease_seconds)
            if handed:
                log.warning("%d jobs and pieces of dead workers go on.", handed)
        if self.clock() >= self._next_retention:
            self._next_retention = self.clock() + DAY
            self._forget()

    def _forget(self) -> None:
        forgotten = 1
        while forgotten:
            with self._sessions.begin() as session:
                forgotten = forget_old(session, self.keep_days, utc_now())
        give_back_space(self.engine)

    def _stop(self, hurry: threading.Event) -> None:
        running = [slot.process for slot in self.slots if slot.process is not None]
        for process in running:
            process.terminate()
        deadline = self.clock() + STOP_SECONDS
        while any(process.poll() is None for process in running) and self.clock() < deadline:
            if hurry.wait(LOOK_SECONDS):
                break
            if self.clock() >= self._next_beat:
                self._next_beat = self.clock() + self.lease_seconds / BEATS_A_LEASE
                self._survive(self._beat)
        for process in running:
            _kill(process)
        self._survive(self._hand_over_all)

    def _hand_over_all(self) -> None:
        with self._sessions.begin() as session:
            for slot in self.slots:
                hand_over(session, slot.executor, "gone")


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
