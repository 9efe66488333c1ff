"""What a job's status means for the row it works on: a run, a model, or nothing."""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.contracts.jobs import FINISHED, InspectSpec, ProjectSpec, ScanSpec
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.tables import Experiment, Model, Run
from app.jobs.analysis import Settle


def settle_run(session: Session, spec: ScanSpec, status: str, error: str | None) -> None:
    """Write the status of a scan into its run; one that failed or was cancelled leaves no temporary arrays."""
    values: dict[str, object] = {"status": status, "error": error, **_moments(status)}
    session.execute(update(Run).where(Run.id == spec.run_id).values(values))
    if status in FINISHED and status != "complete":
        for temporary in ("shard/", "part/"):
            ArrayStore(session).delete(spec.run_id, temporary)


class ExperimentSpec(Protocol):
    """The spec of a job whose subject is an experiment."""

    @property
    def experiment_id(self) -> str:
        """The experiment it fills."""
        ...


def settle_experiment(session: Session, spec: ExperimentSpec, status: str, error: str | None) -> None:
    """Write the status of a job into its experiment; what it stored so far stays."""
    values: dict[str, object] = {"status": status, "error": error, **_moments(status)}
    session.execute(update(Experiment).where(Experiment.id == spec.experiment_id).values(values))
    if status in FINISHED and status != "complete":
        ArrayStore(session).delete(spec.experiment_id, "part/")


def _moments(status: str) -> dict[str, object]:
    """Which of a subject's times a new status sets."""
    if status == "queued":
        return {"started": None, "finished": None}
    return {"started" if status == "running" else "finished": utc_now()}


def settle_model(session: Session, spec: InspectSpec, status: str, error: str | None) -> None:
    """Write the status of an inspection into its model; models know no cancelled, it reads as failed."""
    if status == "cancelled":
        status, error = "failed", "The inspection was cancelled."
    session.execute(update(Model).where(Model.id == spec.model_id).values(status=status, error=error))


def settle_nothing(session: Session, spec: ProjectSpec, status: str, error: str | None) -> None:
    """A projection's run stays complete whatever happens to the projection."""


SETTLERS: Mapping[str, Settle] = {
    "scan": settle_run,
    "inspect": settle_model,
    "project": settle_nothing,
    "compare": settle_experiment,
    "prompts": settle_experiment,
    "dose": settle_experiment,
    "matrix": settle_experiment,
    "families": settle_experiment,
    "finetune": settle_experiment,
    "specificity": settle_experiment,
    "geometry": settle_experiment,
    "evaluate": settle_experiment,
    "harness": settle_experiment,
    "lens": settle_experiment,
}


def move_subject(session: Session, old_job: str, new_job: str) -> None:
    """Hang the run or experiment of a job that is tried again on the new job."""
    session.execute(update(Run).where(Run.job_id == old_job).values(job_id=new_job))
    session.execute(update(Experiment).where(Experiment.job_id == old_job).values(job_id=new_job))
