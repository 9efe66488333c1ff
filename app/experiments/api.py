"""Experiments as JSON."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field, ValidationError

from app.contracts.ids import new_id
from app.contracts.jobs import Status
from app.db.experiments import NAME_LENGTH
from app.errors import BadInput
from app.experiments import service
from app.experiments.deps import Kinds, Reader
from app.experiments.forms import form_complaint
from app.experiments.kind import StoredExperiment
from app.experiments.service import ExperimentsQuery
from app.web.deps import Config, Db, Now, Queue
from app.web.errors import REFUSED

router = APIRouter(prefix="/experiments", tags=["experiments"], responses=REFUSED)


class ExperimentRequest(BaseModel):
    """What to ask: a kind, and its options by the names the form of that kind has."""

    kind: str
    options: dict[str, Any] = Field(default_factory=dict)
    name: str = Field("", max_length=NAME_LENGTH)


class ExperimentAnswer(BaseModel):
    """An experiment and how far it is."""

    id: str
    kind: str
    name: str
    status: Status
    error: str | None
    model: str
    run: str | None
    job: str
    stage: str
    done: float
    total: float
    created: datetime
    started: datetime | None
    finished: datetime | None


class ExperimentDetail(ExperimentAnswer):
    """An experiment with what was asked and, once there is one, the answer."""

    spec: dict[str, Any]
    result: dict[str, Any] | None


def _fields(found: StoredExperiment) -> dict[str, Any]:
    row, job = found.row, found.job
    here = {name: getattr(row, name) for name in ("id", "kind", "name", "status", "error", "created", "started")}
    return {
        **here,
        "finished": row.finished,
        "model": row.model_id,
        "run": row.run_id,
        "job": row.job_id,
        "stage": job.stage if job else "",
        "done": job.done if job else 0,
        "total": job.total if job else 0,
    }


def _detail(db: Db, experiment_id: str) -> ExperimentDetail:
    found = service.find_experiment(db, experiment_id)
    return ExperimentDetail(**_fields(found), spec=found.row.spec, result=found.row.result)


@router.get("")
def experiments(query: Annotated[ExperimentsQuery, Query()], db: Db) -> list[ExperimentAnswer]:
    """Fifty experiments, newest first."""
    return [ExperimentAnswer(**_fields(found)) for found in service.list_experiments(db, query)]


@router.post("", status_code=status.HTTP_201_CREATED)
def start(wanted: ExperimentRequest, desk: Reader, kinds: Kinds, queue: Queue, now: Now) -> ExperimentDetail:
    """Queue an experiment."""
    kind = service.kind_named(kinds, wanted.kind)
    unknown = [name for name in wanted.options if name not in kind.form.model_fields]
    if unknown:
        known = ", ".join(kind.form.model_fields)
        raise BadInput(f"“{unknown[0][:60]}” is no option of “{kind.name}”; there are {known}.")
    try:
        form = kind.form.model_validate(wanted.options)
    except ValidationError as error:
        raise BadInput(form_complaint(kind.form, error)) from error
    experiment_id = new_id()
    asked = kind.specify(desk, form, experiment_id)
    service.start_experiment(desk.session, queue, experiment_id, asked, name=wanted.name, now=now)
    return _detail(desk.session, experiment_id)


@router.get("/{experiment_id}")
def experiment(experiment_id: str, db: Db) -> ExperimentDetail:
    """One experiment."""
    return _detail(db, experiment_id)


@router.post("/{experiment_id}/cancel")
def cancel(experiment_id: str, db: Db, queue: Queue) -> ExperimentDetail:
    """Cancel an experiment."""
    service.cancel_experiment(db, queue, experiment_id)
    db.expire_all()
    return _detail(db, experiment_id)


@router.post("/{experiment_id}/retry")
def retry(experiment_id: str, db: Db, queue: Queue) -> ExperimentDetail:
    """Try a failed or cancelled experiment again."""
    service.retry_experiment(db, queue, experiment_id)
    db.expire_all()
    return _detail(db, experiment_id)


@router.delete("/{experiment_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(experiment_id: str, db: Db, settings: Config) -> None:
    """Delete an experiment with its numbers."""
    service.delete_experiment(db, settings, experiment_id)
