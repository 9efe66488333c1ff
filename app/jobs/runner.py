"""What a worker does with a job: the parent opens stage after stage, each piece is computed and stored exactly once."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient, EnqueueOptions, SQLAlchemyDatasource
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.jobs import JobSpec, job_spec
from app.db.session import step_isolation, utc_now
from app.db.tables import Job
from app.errors import Cancelled
from app.jobs.analysis import Analysis, Context, Piece, Progress, Stage
from app.jobs.device import DeviceLock
from app.jobs.engine_tables import POISONED, STOPPED, SUCCESS, engine_tables
from app.jobs.failures import PieceLost, patient, sentence, stored_or_full
from app.jobs.gate import Gate
from app.jobs.log import JobLog
from app.jobs.names import BATCH, INTERACTIVE, PIECE, VERSION, priority
from app.jobs.pace import hurry
from app.jobs.states import OPEN, Ending, begin, change, finish, note, note_progress
from app.settings import Settings

log = logging.getLogger(__name__)

SHORTEST_WAIT, LONGEST_WAIT = 0.05, 1.0  # seconds between two looks at the pieces of a job
IDS_AT_ONCE = 400
POISON = (
    "The worker died again and again on one piece of this job, so it is not tried any more. Often the memory was not "
    "enough: try a smaller model or smaller batches. The worker's log has the details under job {job_id}."
)
LOST = "A piece of this job ended without a result. The worker's log has the details under job {job_id}."

Result = TypeVar("Result")


@dataclass(frozen=True)
class Task:
    """A job as its worker knows it."""

    id: str
    analysis: Analysis
    spec: JobSpec
    interactive: bool
    priority: int


@dataclass
class Runner:
    """Runs jobs on one device; the engine calls `job` and `piece`, again after every death of a worker."""

    analyses: Mapping[str, Analysis]
    settings: Settings
    sessions: sessionmaker[Session]
    datasource: SQLAlchemyDatasource
    client: DBOSClient
    give_up: Callable[[], None]  # ends the process, so that its supervisor hands its work on
    gate: Gate = field(default_factory=Gate)
    running: set[str] = field(default_factory=set)  # the engine's names of what is in the hands of our threads
    device: DeviceLock = field(default_factory=DeviceLock)
    cache: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Wraps every call of the engine, so that what it has lost can be told from what is at work."""
        name = str(DBOS.workflow_id)
        self.running.add(name)
        try:
            yield
        finally:
            self.running.discard(name)

    def job(self, job_id: str) -> None:
        """The parent: opens each stage, waits for its pieces, completes the job."""
        task = self._task(job_id)
        if task is None:
            return
        try:
            opened = 0
            for stage in range(len(task.analysis.stages)):
                opened += self._transaction("open", self._open, task, stage)
                if not self._wait(job_id, opened):
                    return
            self._transaction("complete", self._finish, task, "complete")
        except Cancelled:
            log.info("Job %s is no longer wanted.", job_id)
        except Exception as error:  # noqa: BLE001 - whatever a plan raises ends its job, not the worker
            self._fail(task, error)

    def piece(self, job_id: str, stage: int, number: int, payload: Piece) -> dict[str, Any]:
        """One piece: computed alone on the device, then stored in one transaction with the engine's record of it."""
        with self.gate.passed():
            task = self._task(job_id)
            if task is None:
                return {}
            try:
                commit, title = self._compute(task, stage, payload)
                return self._transaction("store", self._store, task, title, commit)
            except Cancelled:
                log.info("Job %s: piece %d of stage %d is no longer wanted.", job_id, number, stage)
                raise
            except Exception as error:  # noqa: BLE001 - whatever a piece raises ends its job, not the worker
                self._fail(task, error, keep=str(DBOS.workflow_id))
                return {}

    def _task(self, job_id: str) -> Task | None:
        """The job, or None if it has ended or was deleted."""
        job = patient(lambda: self._job(job_id), _always)
        if job is None or job.status not in OPEN:
            return None
        order = priority(job.created, interactive=job.interactive)
        return Task(job_id, self.analyses[job.kind], job_spec.validate_python(job.spec), job.interactive, order)

    def _job(self, job_id: str) -> Job | None:
        with self.sessions() as session:
            return session.get(Job, job_id)

    def _open(self, task: Task, index: int) -> int:
        """Plan a stage and queue its pieces; says how many there are."""
        session = self.datasource.sql_session()
        stage = task.analysis.stages[index]
        pieces = stage.plan(self._context(task, stage, self._job_wanted(task)), task.spec)
        job = _still_open(session, task, {"total": Job.total + len(pieces), "stage": stage.title})
        hurry(session)
        note_progress(session, job, Progress(stage.title, job.done, job.total), utc_now())
        names = [f"{task.id}/{index:02d}/{number:05d}" for number in range(len(pieces))]
        for number, (name, payload) in enumerate(zip(names, pieces, strict=True)):
            options: EnqueueOptions = {
                "workflow_name": PIECE,
                "queue_name": INTERACTIVE if task.interactive else BATCH,
                "workflow_id": name,
                "app_version": VERSION,
                "priority": task.priority,
            }
            self.client.enqueue_in_transaction(session, options, task.id, index, number, payload)
        status = engine_tables(session).status
        for start in range(0, len(names), IDS_AT_ONCE):
            mine = status.c.workflow_uuid.in_(names[start : start + IDS_AT_ONCE])
            session.execute(update(status).where(mine).values(parent_workflow_id=task.id))
        return len(pieces)

    def _wait(self, job_id: str, opened: int) -> bool:
        """Wait until all pieces opened so far are stored; False if the job ended before. Raises PieceLost."""
        stored, since = -1, time.monotonic()
        while True:
            wanted, counts = patient(lambda: self._counts(job_id), _always)
            if not wanted:
                return False
            if counts.get(SUCCESS, 0) >= opened:
                return True
            if any(name in counts for name in STOPPED):
                raise PieceLost((POISON if POISONED in counts else LOST).format(job_id=job_id))
            if counts.get(SUCCESS, 0) != stored:
                stored, since = counts.get(SUCCESS, 0), time.monotonic()
            # Quick while pieces are small, rare while they are long.
            time.sleep(min(max((time.monotonic() - since) / 10, SHORTEST_WAIT), LONGEST_WAIT))

    def _counts(self, job_id: str) -> tuple[bool, dict[str, int]]:
        """Whether the job is still open, and how many of its pieces are in which of the engine's states."""
        with self.sessions() as session:
            status = engine_tables(session).status
            mine = status.c.parent_workflow_id == job_id
            counts = session.execute(select(status.c.status, func.count()).where(mine).group_by(status.c.status))
            found = {str(name): int(count) for name, count in counts}
            return session.scalar(select(Job.status).where(Job.id == job_id)) in OPEN, found

    def _compute(self, task: Task, index: int, payload: Piece) -> tuple[Callable[[Session], dict[str, Any]], str]:
        stage = task.analysis.stages[index]
        context = self._context(task, stage, self._piece_wanted(task))

        def compute() -> Callable[[Session], dict[str, Any]]:
            with self.sessions.begin() as session:
                begin(session, task.id, {task.analysis.kind: task.analysis.settle}, utc_now())
            job = self._job(task.id)
            if job is not None:
                context.position = Progress(stage.title, job.done, job.total)
            return stage.work(context, task.spec, payload)

        with self.device.held(interactive=task.interactive):
            context.still_wanted()
            return patient(compute, context.still_wanted), stage.title

    def _store(self, task: Task, title: str, commit: Callable[[Session], dict[str, Any]]) -> dict[str, Any]:
        session = self.datasource.sql_session()
        # First the job's row: it stays locked from here on, and a job that ended meanwhile takes nothing any more.
        job = _still_open(session, task, {"done": Job.done + 1, "stage": title})
        result = stored_or_full(lambda: commit(session))
        note_progress(session, job, Progress(title, job.done, job.total), utc_now())
        return result

    def _finish(self, task: Task, status: str, error: str | None = None, keep: str = "") -> None:
        session = self.datasource.sql_session()
        settlers = {task.analysis.kind: task.analysis.settle}
        finish(session, task.id, Ending(status, error, utc_now()), settlers, keep)

    def _fail(self, task: Task, error: Exception, keep: str = "") -> None:
        failure = sentence(error, task.id)
        try:
            self._transaction("fail", self._finish, task, "failed", failure, keep)
        except DBAPIError:
            # Nothing can be written, not even that. A living worker would never look at this piece again.
            log.critical("Job %s: its failure could not be stored; the worker starts anew.", task.id, exc_info=True)
            self.give_up()

    def _transaction(self, name: str, call: Callable[..., Result], *arguments: Any) -> Result:
        """Run `call` in a transaction together with the engine's record of its result: exactly once, ever."""
        isolation = step_isolation(self.datasource.engine)
        result: Result = self.datasource.transaction(name=name, isolation_level=isolation)(call)(*arguments)
        return result

    def _context(self, task: Task, stage: Stage, still_wanted: Callable[[], None]) -> Context:
        context = Context(
            self.settings, self.sessions, lambda _: None, still_wanted, lambda text: self._warn(task, text), self.cache
        )
        context.log = JobLog(task.id, self.sessions, lambda write: patient(write, still_wanted))
        context.report = lambda progress: self._report(task, progress, progress.done - context.position.done)
        context.position = Progress(stage.title, 0, 0)
        return context

    def _report(self, task: Task, progress: Progress, fraction: float) -> None:
        with self.sessions.begin() as session:
            job = change(session, task.id, {"stage": progress.stage})
            if job is not None:  # others may have stored pieces since ours began
                now = Progress(progress.stage, job.done + fraction, job.total, progress.note)
                note_progress(session, job, now, utc_now())

    def _warn(self, task: Task, text: str) -> None:
        log.warning("Job %s: %s", task.id, text)
        with self.sessions.begin() as session:
            job = change(session, task.id, {})
            if job is not None:
                note(session, job, "warning", {"message": text}, utc_now())

    def _job_wanted(self, task: Task) -> Callable[[], None]:
        def check() -> None:
            job = self._job(task.id)
            if job is None or job.status not in OPEN:
                raise Cancelled(f"Job {task.id} is no longer wanted.")

        return check

    def _piece_wanted(self, task: Task) -> Callable[[], None]:
        """Raises Cancelled once the piece is no longer ours; otherwise lets waiting users go first."""
        piece = str(DBOS.workflow_id)
        owner = patient(lambda: self._owner(piece), _always)

        def check() -> None:
            if owner is None or self._owner(piece) != owner:
                raise Cancelled(f"Job {task.id} was cancelled, or handed to another worker.")
            if not task.interactive:
                self.device.give_way()

        return check

    def _owner(self, piece: str) -> str | None:
        with self.sessions() as session:
            status = engine_tables(session).status
            owner: str | None = session.scalar(select(status.c.owner_xid).where(status.c.workflow_uuid == piece))
            return owner


def _always() -> None:
    """For what is wanted however long it takes."""


def _still_open(session: Session, task: Task, values: Mapping[str, Any]) -> Job:
    job = change(session, task.id, values)
    if job is None:
        raise Cancelled(f"Job {task.id} has ended meanwhile.")
    return job
