"""Starting, listing, renaming and deleting experiments of any kind."""

import shutil
from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.contracts.jobs import FINISHED, job_spec
from app.db.arrays import ArrayStore
from app.db.experiments import NAME_LENGTH, NewExperiment, store_experiment
from app.db.runs import stored_run
from app.db.tables import Experiment, ExperimentSet, Job, Model, Run
from app.errors import BadInput, Conflict, NotFound
from app.experiments.kind import Kind, StoredExperiment, Wanted
from app.jobs.queue import JobQueue
from app.settings import Settings

SHOWN = 50


class ExperimentsQuery(BaseModel):
    """Which experiments a list shows; the state of its address."""

    kind: str = ""
    run: str = ""
    model: str = ""
    before: datetime | None = None


def kind_named(kinds: Mapping[str, Kind], name: str) -> Kind:
    """The kind of that name. Raises NotFound naming those there are."""
    if name not in kinds:
        raise NotFound(f"There is no kind of experiment “{name[:40]}”. There are: {', '.join(kinds) or 'none'}.")
    return kinds[name]


def list_experiments(session: Session, query: ExperimentsQuery) -> list[StoredExperiment]:
    """At most 50, newest first."""
    wanted = _filtered(select(Experiment), query).order_by(Experiment.created.desc(), Experiment.id).limit(SHOWN)
    if query.before is not None:
        wanted = wanted.where(Experiment.created < query.before)
    return [_stored(session, row) for row in session.scalars(wanted)]


def count_experiments(session: Session, query: ExperimentsQuery) -> dict[str, int]:
    """How many there are of each kind, whatever kind the query asks for."""
    wanted = _filtered(select(Experiment.kind, func.count()), query.model_copy(update={"kind": ""}))
    return dict(session.execute(wanted.group_by(Experiment.kind)).all())


def _filtered(wanted: Select, query: ExperimentsQuery) -> Select:  # type: ignore[type-arg]
    for column, value in (
        (Experiment.kind, query.kind),
        (Experiment.run_id, query.run),
        (Experiment.model_id, query.model),
    ):
        if value:
            wanted = wanted.where(column == value)
    return wanted


def find_experiment(session: Session, experiment_id: str) -> StoredExperiment:
    """One experiment. Raises NotFound."""
    row = session.get(Experiment, experiment_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no experiment {experiment_id[:40]}; it may have been deleted.")
    return _stored(session, row)


def _stored(session: Session, row: Experiment) -> StoredExperiment:
    run = None if row.run_id is None else stored_run(session, session.get_one(Run, row.run_id))
    return StoredExperiment(row, session.get_one(Model, row.model_id), run, session.get(Job, row.job_id))


def finished_runs(session: Session) -> list[Run]:
    """The runs that can be asked, newest first."""
    wanted = select(Run).where(Run.status == "complete", Run.summary.is_not(None)).order_by(Run.created.desc(), Run.id)
    return [run for run in session.scalars(wanted) if run.summary is not None]


def start_experiment(
    session: Session, queue: JobQueue, experiment_id: str, wanted: Wanted, *, name: str, now: datetime
) -> Experiment:
    """Store an experiment with the sets it uses and queue its job, in one transaction."""
    called = (name.strip() or wanted.name)[:NAME_LENGTH]
    job_id = queue.enqueue(
        session,
        wanted.spec,
        title=called,
        subject=experiment_id,
        estimate=wanted.seconds,
        interactive=wanted.interactive,
    )
    return store_wanted(session, experiment_id, wanted, name=called, now=now, job_id=job_id)


def store_wanted(
    session: Session, experiment_id: str, wanted: Wanted, *, name: str, now: datetime, job_id: str = ""
) -> Experiment:
    """Store what a form asks for; without a job it is computed in the foreground."""
    new = NewExperiment(wanted.spec, name, wanted.model_id, wanted.run_id, tuple(wanted.set_ids), job_id)
    return store_experiment(session, experiment_id, new, now)


def replay_experiment(session: Session, queue: JobQueue, experiment_id: str, new_id: str, now: datetime) -> Experiment:
    """Queue the same question once more, as an experiment of its own. Raises NotFound, Conflict before an answer."""
    found = find_experiment(session, experiment_id)
    row = found.row
    if row.result is None:
        raise Conflict(f"“{row.name}” is {row.status}; only an answer can be replayed. Try it again instead.")
    sets = session.scalars(select(ExperimentSet.set_id).where(ExperimentSet.experiment_id == row.id))
    estimate = None if found.job is None else found.job.estimate
    interactive = found.job is not None and found.job.interactive
    spec = job_spec.validate_python({**row.spec, "experiment_id": new_id})
    wanted = Wanted(spec, row.name, row.model_id, row.run_id, tuple(sets), estimate, interactive=interactive)
    return start_experiment(session, queue, new_id, wanted, name=row.name, now=now)


def rename_experiment(session: Session, experiment_id: str, name: str) -> None:
    """Call it something else. Raises NotFound, BadInput for an empty name or one too long."""
    experiment, wanted = find_experiment(session, experiment_id), name.strip()
    if not 0 < len(wanted) <= NAME_LENGTH:
        raise BadInput(f"An experiment's name has 1 to {NAME_LENGTH} characters; this one has {len(wanted)}.")
    experiment.row.name = wanted


def cancel_experiment(session: Session, queue: JobQueue, experiment_id: str) -> None:
    """Cancel its job. Raises NotFound, Conflict if it has ended."""
    queue.cancel(session, find_experiment(session, experiment_id).row.job_id)


def retry_experiment(session: Session, queue: JobQueue, experiment_id: str) -> None:
    """Queue a failed or cancelled experiment again. Raises NotFound, Conflict."""
    queue.retry(session, find_experiment(session, experiment_id).row.job_id)


def delete_experiment(session: Session, settings: Settings, experiment_id: str) -> None:
    """Delete it with its numbers, and with what a worker keeps here for another try.

    Raises NotFound, Conflict while its job goes on.
    """
    experiment = find_experiment(session, experiment_id)
    if experiment.row.status not in FINISHED:
        raise Conflict(f"“{experiment.row.name}” is {experiment.row.status}. Cancel it first.")
    ArrayStore(session).delete(experiment.id, "")
    session.delete(experiment.row)
    shutil.rmtree(settings.scratch(experiment.id), ignore_errors=True)
