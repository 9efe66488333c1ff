"""How experiments of every kind are stored: the row with the sets it uses, queued or not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.contracts.jobs import JobSpec
from app.db.tables import Experiment, ExperimentSet

NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class NewExperiment:
    """An experiment to be stored; without a job it is computed in the foreground."""

    spec: JobSpec
    name: str
    model_id: str
    run_id: str | None
    set_ids: tuple[str, ...]
    job_id: str = ""


def store_experiment(session: Session, experiment_id: str, new: NewExperiment, now: datetime) -> Experiment:
    """Store what `new` asks for, with each of its sets once."""
    row = Experiment(
        id=experiment_id,
        kind=new.spec.kind,
        name=new.name[:NAME_LENGTH],
        model_id=new.model_id,
        run_id=new.run_id,
        job_id=new.job_id,
        spec=new.spec.model_dump(mode="json"),
        status="queued",
        created=now,
    )
    session.add(row)
    session.flush()
    session.add_all(ExperimentSet(experiment_id=experiment_id, set_id=one) for one in dict.fromkeys(new.set_ids))
    session.flush()
    return row
