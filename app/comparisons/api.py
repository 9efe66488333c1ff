"""Comparisons as JSON."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from app.comparisons import service
from app.comparisons.choice import choose
from app.comparisons.form import GREEDY, SAMPLED, CompareForm, spelled
from app.comparisons.service import Comparison, find_comparison
from app.contracts.comparisons import CompareResult, CompareSpec
from app.contracts.interventions import Controls, Intervention, Sampling, Template
from app.contracts.jobs import Status
from app.contracts.sets import Measure, NeuronType
from app.db.experiments import NAME_LENGTH
from app.errors import BadInput
from app.web.deps import Db, Now, Queue
from app.web.errors import REFUSED

router = APIRouter(prefix="/comparisons", tags=["comparisons"], responses=REFUSED)


class TopRequest(BaseModel):
    """The best neurons of a run."""

    run: str
    language: str
    type: NeuronType = 2
    measure: Measure = "score"
    count: int = Field(100, ge=1)


class CompareRequest(BaseModel):
    """What to compare. The neurons are a stored `set`, the `top` of a run, or a list such as ["L18·4021"]."""

    prompt: str
    template: Template = "raw"
    model: str = Field("", description="Id of a model; left out: the one of the set or run.")
    set: str | None = None
    top: TopRequest | None = None
    neurons: list[str] | None = None
    intervention: Intervention = Intervention()
    controls: Controls = Controls()
    sampling: Sampling = Sampling()
    target: str | None = None
    lens_run: str | None = Field(None, description="Id of a run, or `none`; left out: the newest of the model.")
    dtype: str = "auto"
    name: str = Field("", max_length=NAME_LENGTH)


class ComparisonAnswer(BaseModel):
    """A comparison and how far it is."""

    id: str
    name: str
    status: Status
    error: str | None
    model: str
    set: str
    run: str | None
    job: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    spec: CompareSpec


class ComparisonDetail(ComparisonAnswer):
    """A comparison with its answer, once there is one."""

    result: CompareResult | None


def _fields(found: Comparison) -> dict[str, Any]:
    row = found.row
    same = {name: getattr(row, name) for name in ("id", "name", "status", "error", "created", "started", "finished")}
    return {
        **same,
        "model": row.model_id,
        "set": found.set.id,
        "run": row.run_id,
        "job": row.job_id,
        "spec": found.spec,
    }


def _detail(db: Db, comparison_id: str) -> ComparisonDetail:
    found = find_comparison(db, comparison_id)
    return ComparisonDetail(**_fields(found), result=found.result)


@router.get("")
def comparisons(db: Db, before: datetime | None = None, run: str = "") -> list[ComparisonAnswer]:
    """Fifty comparisons, newest first, without their answers."""
    return [ComparisonAnswer(**_fields(found)) for found in service.list_comparisons(db, before, run)]


@router.post("", status_code=status.HTTP_201_CREATED)
def start(wanted: CompareRequest, db: Db, queue: Queue, now: Now) -> ComparisonDetail:
    """Queue a comparison ahead of all scans."""
    choice = choose(db, _as_form(wanted))
    return _detail(db, service.start_comparison(db, queue, choice, now).id)


def _as_form(wanted: CompareRequest) -> CompareForm:
    """The request as the form would have it, so that both are checked alike."""
    given = [name for name in ("set", "top", "neurons") if getattr(wanted, name) is not None]
    if len(given) != 1:
        raise BadInput("Name the neurons in one way: by a set, by the top of a run, or by a list of neurons.")
    action, sampling, controls, top = wanted.intervention, wanted.sampling, wanted.controls, wanted.top
    fields: dict[str, object] = {
        "name": wanted.name, "prompt": wanted.prompt, "template": wanted.template, "model": wanted.model,
        "source": given[0], "set": wanted.set or "", "neurons": wanted.neurons or [],
        "run": top.run if top else action.run_id or "", "action": action.name, "positions": action.positions,
        "draws": str(controls.draws), "match": controls.match, "control_seed": str(controls.seed),
        "mode": SAMPLED if sampling.temperature else GREEDY, "temperature": str(sampling.temperature),
        "top_p": str(sampling.top_p), "samples": str(sampling.samples), "seed": str(sampling.seed),
        "max_new_tokens": str(sampling.max_new_tokens), "target": wanted.target or "",
        "lens_run": wanted.lens_run or "", "dtype": wanted.dtype,
    }  # fmt: skip
    if top:
        fields |= {"language": top.language, "type": str(top.type), "measure": top.measure, "count": str(top.count)}
    fields |= {f"{action.name}.{key}": spelled(value) for key, value in action.params.items()}
    return CompareForm.model_validate(fields)


@router.get("/{comparison_id}")
def comparison(comparison_id: str, db: Db) -> ComparisonDetail:
    """One comparison with its answer."""
    return _detail(db, comparison_id)


@router.post("/{comparison_id}/stop")
def stop(comparison_id: str, db: Db, queue: Queue) -> ComparisonDetail:
    """Stop writing; what is written stays."""
    service.stop_comparison(db, queue, comparison_id)
    db.expire_all()
    return _detail(db, comparison_id)


@router.post("/{comparison_id}/retry")
def retry(comparison_id: str, db: Db, queue: Queue) -> ComparisonDetail:
    """Try a failed or cancelled comparison again."""
    service.retry_comparison(db, queue, comparison_id)
    db.expire_all()
    return _detail(db, comparison_id)


@router.delete("/{comparison_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(comparison_id: str, db: Db) -> None:
    """Delete a comparison with its answer."""
    service.delete_comparison(db, comparison_id)
