"""Starting, watching, renaming and deleting runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.jobs import FINISHED, ScanSpec
from app.db.arrays import ArrayStore
from app.db.runs import NAME_LENGTH, StoredRun, find_run, store_run
from app.db.tables import Corpus, Experiment, Job, Model, Run
from app.errors import BadInput, Conflict, NotFound
from app.jobs.queue import JobQueue
from app.runs.choice import Choice, checked
from app.runs.words import SETTINGS


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list: its row, what it scans, and its job."""

    row: Run
    model: Model
    corpus: Corpus
    spec: ScanSpec
    job: Job | None


def list_runs(session: Session, limit: int | None = None) -> list[RunLine]:
    """Runs, newest first."""
    query = (
        select(Run, Model, Corpus, Job)
        .join(Model, Run.model_id == Model.id)
        .join(Corpus, Run.corpus_id == Corpus.id)
        .outerjoin(Job, Run.job_id == Job.id)
        .order_by(Run.created.desc(), Run.id)
        .limit(limit)
    )
    rows = session.execute(query)
    return [RunLine(run, model, corpus, ScanSpec.model_validate(run.spec), job) for run, model, corpus, job in rows]


def get_run(session: Session, run_id: str) -> tuple[StoredRun, Job | None]:
    """A run and its job. Raises NotFound."""
    run = find_run(session, run_id)
    return run, session.get(Job, run.row.job_id)


def start_run(session: Session, queue: JobQueue, choice: Choice, now: datetime) -> Run:
    """Store a run and queue its scan in one transaction. Raises BadInput with what is wrong with the choice."""
    model, corpus = checked(choice)
    spec = ScanSpec(
        run_id=new_id(),
        model_id=model.id,
        corpus_id=corpus.id,
        languages=choice.languages,
        pivot=choice.pivot,
        settings=choice.settings,
    )
    name = choice.name.strip() or f"{model.name} on {corpus.name}"[:NAME_LENGTH]
    return queue_run(session, queue, spec, name, seconds=choice.estimate.seconds if choice.estimate else None, now=now)


def queue_run(
    session: Session, queue: JobQueue, spec: ScanSpec, name: str, *, seconds: float | None, now: datetime
) -> Run:
    """Store the run that `spec` describes and queue its scan; `seconds` is what users are told it will take."""
    job_id = queue.enqueue(session, spec, title=f"Scan {name}"[:300], subject=spec.run_id, estimate=seconds)
    return store_run(session, spec, name, now, job_id)


def rename_run(session: Session, run_id: str, name: str) -> None:
    """Call a run something else. Raises NotFound, BadInput for an empty name or one too long."""
    run, wanted = find_run(session, run_id), name.strip()
    if not 0 < len(wanted) <= NAME_LENGTH:
        raise BadInput(f"A run's name has 1 to {NAME_LENGTH} characters; this one has {len(wanted)}.")
    run.row.name = wanted


def cancel_run(session: Session, queue: JobQueue, run_id: str) -> None:
    """Cancel the run's job. Raises NotFound, Conflict if it has ended."""
    queue.cancel(session, _job_of(session, run_id).id)


def retry_run(session: Session, queue: JobQueue, run_id: str) -> None:
    """Queue the scan of a failed or cancelled run again. Raises NotFound, Conflict."""
    queue.retry(session, _job_of(session, run_id).id)


def delete_run(session: Session, run_id: str) -> None:
    """Delete a run with all its numbers. Raises NotFound, Conflict while a job or an experiment needs it."""
    run = find_run(session, run_id)
    jobs: Sequence[Job] = session.scalars(select(Job).where(Job.subject == run.id)).all()
    busy = [job for job in jobs if job.status not in FINISHED]
    if busy:
        raise Conflict(f"The job “{busy[0].title}” works on this run. Cancel it first: /jobs/{busy[0].id}.")
    asked = session.scalars(select(Experiment.name).where(Experiment.run_id == run.id)).all()
    if asked:
        others = f" and {len(asked) - 1} more" if len(asked) > 1 else ""
        raise Conflict(
            f"The experiment “{asked[0]}”{others} was asked of this run. Delete it first: /runs/{run.id}/experiments."
        )
    ArrayStore(session).delete(run.id, "")
    session.delete(run.row)


def _job_of(session: Session, run_id: str) -> Job:
    run, job = get_run(session, run_id)
    if job is None:
        raise NotFound(f"The run “{run.name}” was made without a job, so there is nothing to cancel or try again.")
    return job


def check_setting_names(settings: Mapping[str, object]) -> None:
    """Refuse a setting that no scan has. Raises BadInput naming it."""
    known = [setting.name for setting in SETTINGS]
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise BadInput(f"“{unknown[0][:60]}” is not a setting of a scan; there are {', '.join(known)}.")
