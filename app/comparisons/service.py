"""Starting, watching, stopping and deleting comparisons."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.comparisons.asking import ask
from app.comparisons.choice import Choice
from app.contracts.comparisons import CompareResult, CompareSpec
from app.contracts.ids import new_id
from app.contracts.jobs import FINISHED
from app.db.arrays import ArrayStore
from app.db.experiments import NAME_LENGTH, NewExperiment, store_experiment
from app.db.tables import Experiment, Job, Model, NeuronSet, Run
from app.errors import Conflict, NotFound
from app.jobs.queue import JobQueue
from app.text.normalise import visible

KIND = "compare"
SHOWN = 50
REMEMBERED = 5  # comparisons whose lengths say how long the next will take


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison with what its pages need."""

    row: Experiment
    spec: CompareSpec
    model: Model
    set: NeuronSet
    run: Run | None
    job: Job | None

    @property
    def id(self) -> str:
        """The id of the experiment."""
        return self.row.id

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.row.status in FINISHED

    @property
    def result(self) -> CompareResult | None:
        """The stored answer, read anew at every call."""
        return None if self.row.result is None else CompareResult.model_validate(self.row.result)


@dataclass(frozen=True, slots=True)
class Line:
    """Where a comparison waits: how many are ahead, and about how many seconds that takes, if known."""

    ahead: int
    seconds: float | None


def find_comparison(session: Session, comparison_id: str) -> Comparison:
    """One comparison. Raises NotFound."""
    row = session.get(Experiment, comparison_id, populate_existing=True)
    if row is None or row.kind != KIND:
        raise NotFound(f"There is no comparison {comparison_id[:40]}; it may have been deleted.")
    return _read(session, row)


def list_comparisons(session: Session, before: datetime | None = None, run_id: str = "") -> list[Comparison]:
    """At most 50, newest first; results stay unread."""
    query = select(Experiment).where(Experiment.kind == KIND).order_by(Experiment.created.desc(), Experiment.id)
    if before is not None:
        query = query.where(Experiment.created < before)
    if run_id:
        query = query.where(Experiment.run_id == run_id)
    return [_read(session, row) for row in session.scalars(query.limit(SHOWN))]


def _read(session: Session, row: Experiment) -> Comparison:
    spec = CompareSpec.model_validate(row.spec)
    return Comparison(
        row,
        spec,
        session.get_one(Model, row.model_id),
        session.get_one(NeuronSet, spec.set_id),
        None if row.run_id is None else session.get(Run, row.run_id),
        session.get(Job, row.job_id, populate_existing=True),
    )


def start_comparison(session: Session, queue: JobQueue, choice: Choice, now: datetime) -> Experiment:
    """Store a comparison, its set if new, and its job, in one transaction. Raises BadInput with what is wrong."""
    asked = ask(session, choice, new_id(), now)
    first_line = next((line.strip() for line in asked.spec.prompt.splitlines() if line.strip()), "")
    return _queue(session, queue, asked.spec, choice.form.name.strip() or first_line, asked.run_id, now)


def again(session: Session, queue: JobQueue, comparison_id: str, now: datetime) -> Experiment:
    """Queue the same question once more, as a comparison of its own. Raises NotFound."""
    found = find_comparison(session, comparison_id)
    spec = found.spec.model_copy(update={"experiment_id": new_id()})
    return _queue(session, queue, spec, found.row.name, found.row.run_id, now)


def _queue(
    session: Session, queue: JobQueue, spec: CompareSpec, name: str, run_id: str | None, now: datetime
) -> Experiment:
    subject, seconds = spec.experiment_id, usual_seconds(session)
    name = "".join(segment.text for segment in visible(name))  # direction marks would turn the pages that list it
    title = f"Compare {name}"[:300]
    job_id = queue.enqueue(session, spec, title=title, subject=subject, estimate=seconds, interactive=True)
    new = NewExperiment(spec, name, spec.model_id, run_id, (spec.set_id,), job_id)
    return store_experiment(session, subject, new, now)


def usual_seconds(session: Session) -> float | None:
    """How long the last comparisons took, the middle one; None before the first."""
    query = select(Job.started, Job.finished).where(
        Job.kind == KIND, Job.status == "complete", Job.started.is_not(None)
    )
    ended = session.execute(query.order_by(Job.created.desc()).limit(REMEMBERED))
    took: list[timedelta] = sorted(finish - start for start, finish in ended if start and finish)
    return took[len(took) // 2].total_seconds() if took else None


def line_of(session: Session, job: Job) -> Line:
    """Who goes first: interactive jobs that were asked for before and have not ended."""
    query = select(func.count()).select_from(Job)
    query = query.where(Job.interactive.is_(True), Job.status.in_(("queued", "running")), Job.created < job.created)
    ahead = session.scalar(query) or 0
    return Line(ahead, None if job.estimate is None else job.estimate * (ahead + 1))


def stop_comparison(session: Session, queue: JobQueue, comparison_id: str) -> None:
    """Stop writing and keep what is written; one that has not begun is cancelled. Raises NotFound, Conflict."""
    found = find_comparison(session, comparison_id)
    queue.stop(session, found.row.job_id)


def rename_comparison(session: Session, comparison_id: str, name: str) -> None:
    """Call it something else; an empty name changes nothing."""
    found, wanted = find_comparison(session, comparison_id), name.strip()[:NAME_LENGTH]
    found.row.name = wanted or found.row.name


def retry_comparison(session: Session, queue: JobQueue, comparison_id: str) -> None:
    """Queue a failed or cancelled comparison again. Raises NotFound, Conflict."""
    queue.retry(session, find_comparison(session, comparison_id).row.job_id)


def delete_comparison(session: Session, comparison_id: str) -> None:
    """Delete it with its answer; its set stays. Raises NotFound, Conflict while its job goes on."""
    found = find_comparison(session, comparison_id)
    if not found.finished:
        raise Conflict(f"“{found.row.name}” is {found.row.status}. Stop it first.")
    ArrayStore(session).delete(found.id, "")
    session.delete(found.row)
