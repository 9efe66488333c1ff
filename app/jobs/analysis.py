"""What a kind of job is made of, free of any engine: stages of pieces, and what a piece may ask for while it runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from pydantic import JsonValue
from sqlalchemy.orm import Session, sessionmaker

from app.settings import Settings

CHECK_SECONDS = 0.25
PROGRESS_SECONDS = 0.5

Piece: TypeAlias = dict[str, Any]  # whatever JSON can hold
# Writes rows and arrays and returns the step's small result. It may be called again after a lost connection, so it
# must not change what it captured.
Commit: TypeAlias = Callable[[Session], dict[str, Any]]
Data: TypeAlias = dict[str, JsonValue]  # of an event
# Writes a job's new status and error into the row it works on; the second argument is the job's spec.
Settle: TypeAlias = Callable[[Session, Any, str, str | None], None]


@dataclass(frozen=True)
class Progress:
    """Where a job is: `done` of `total` pieces over all stages planned so far, fractions included."""

    stage: str
    done: float
    total: int
    note: str = ""


class EventLog(Protocol):
    """The log of a job, as far as a piece writes into it."""

    def emit(self, kind: str, data: Data) -> None:
        """Add an event; pages see it at once. Raises Cancelled once the job has ended."""
        ...

    def count(self, kind: str) -> int:
        """How many events of a kind there are; a piece that begins anew learns from it that it does."""
        ...

    def has_stop(self) -> bool:
        """Whether somebody has asked the job to end early with what it has."""
        ...


class Forgotten:
    """The log of a job that nobody watches: it keeps nothing, and nobody stops it."""

    def emit(self, kind: str, data: Data) -> None:
        """Nothing."""

    def count(self, kind: str) -> int:
        """None of any kind."""
        return 0

    def has_stop(self) -> bool:
        """Never."""
        return False


@dataclass
class Context:
    """What `plan` and `work` may ask for: settings, reading, loaded models, and telling how far they are."""

    settings: Settings
    sessions: sessionmaker[Session]
    report: Callable[[Progress], None]
    still_wanted: Callable[[], None]
    warn: Callable[[str], None]
    cache: dict[str, Any] = field(default_factory=dict)
    position: Progress = Progress("", 0, 0)
    clock: Callable[[], float] = time.monotonic
    log: EventLog = field(default_factory=Forgotten)
    _stopping: bool = field(default=False, init=False)
    _looked: float = field(default=float("-inf"), init=False)
    _checked: float = field(default=float("-inf"), init=False)
    _reported: float = field(init=False)

    def __post_init__(self) -> None:
        self._reported = self.clock()  # a piece shorter than the pause is told of once, when it is stored

    def session(self) -> Session:
        """A session to read with: `with context.session() as session`. Writing belongs into the Commit."""
        return self.sessions()

    def check(self) -> None:
        """Call after every batch: raises Cancelled if the result is no longer wanted, and lets waiting users go first.

        Asks at most every 0.25 s, so it costs nothing in a tight loop.
        """
        if self.clock() - self._checked >= CHECK_SECONDS:
            self.still_wanted()
            self._checked = self.clock()

    def emit(self, kind: str, data: Data) -> None:
        """Write an event into the job's log. Each costs a transaction: put together what comes within 40 ms."""
        self.log.emit(kind, data)

    def stop_wanted(self) -> bool:
        """Whether the job is to end early and keep what it has (`JobQueue.stop`); asks at most every 0.25 s."""
        if not self._stopping and self.clock() - self._looked >= CHECK_SECONDS:
            self._stopping = self.log.has_stop()
            self._looked = self.clock()
        return self._stopping

    def progress(self, fraction: float, note: str = "") -> None:
        """Tell that `fraction` (0 to 1) of this piece is done; at most every 0.5 s, calls in between are dropped."""
        if self.clock() - self._reported >= PROGRESS_SECONDS:
            here = self.position
            self.report(Progress(here.stage, here.done + min(max(fraction, 0.0), 1.0), here.total, note))
            self._reported = self.clock()


@dataclass(frozen=True)
class Stage:
    """One step of an analysis: a plan of independent pieces, and the work on each.

    Both take the job's spec. `plan` is called once all pieces of the stage before are stored; it must give the same
    pieces whenever it is asked. `work` computes, outside of any transaction; what it returns is stored in one
    transaction with the piece's record.
    """

    name: str
    title: str
    plan: Callable[[Context, Any], list[Piece]]
    work: Callable[[Context, Any, Piece], Commit]


@dataclass(frozen=True)
class Analysis:
    """A kind of job. `settle` writes each new status of the job into the row of its subject (run, model, ...)."""

    kind: str
    stages: tuple[Stage, ...]
    settle: Settle
