"""Runs as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, status
from pydantic import BaseModel, Field

from app.contracts.jobs import ScanSpec, Status
from app.contracts.results import RunSummary
from app.db.exports import run_document
from app.db.runs import NAME_LENGTH
from app.db.tables import Job, Run
from app.runs import service
from app.runs.choice import RunForm, choose
from app.runs.words import text_of
from app.web.deps import Db, Now, Queue
from app.web.errors import REFUSED

router = APIRouter(prefix="/runs", tags=["runs"], responses=REFUSED)
document_router = APIRouter()


class RunRequest(BaseModel):
    """What to scan. Languages left out are all of the corpus; the pivot left out is the corpus's own."""

    model: str = Field(description="Id of a model whose inspection is complete.")
    corpus: str = Field(description="Id of a corpus.")
    pivot: str = ""
    languages: list[str] = Field(default_factory=list)
    preset: Literal["corrected", "paper"] = "corrected"
    settings: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="What differs from the preset: names as in ScanSettings."
    )
    name: str = Field("", max_length=NAME_LENGTH)


class RunName(BaseModel):
    """A new name."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH)


class EstimateAnswer(BaseModel):
    """What a run was estimated to cost: seconds and bytes."""

    seconds: float | None
    temporary_bytes: int
    permanent_bytes: int
    sentences: int
    tokens: int


class RunAnswer(BaseModel):
    """A run and how far it is."""

    id: str
    name: str
    status: Status
    error: str | None
    model: str
    corpus: str
    job: str
    stage: str
    done: float
    total: float
    created: datetime
    started: datetime | None
    finished: datetime | None
    spec: ScanSpec


class RunDetail(RunAnswer):
    """A run with the frame of its numbers, once it is complete."""

    summary: RunSummary | None


class RunStarted(RunDetail):
    """A run that was just queued, with its estimate."""

    estimate: EstimateAnswer | None


def _fields(run: Run, job: Job | None, spec: ScanSpec) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "error": run.error,
        "model": run.model_id,
        "corpus": run.corpus_id,
        "job": run.job_id,
        "stage": job.stage if job else "",
        "done": job.done if job else 0,
        "total": job.total if job else 0,
        "created": run.created,
        "started": run.started,
        "finished": run.finished,
        "spec": spec,
    }


def _detail(db: Db, run_id: str) -> RunDetail:
    run, job = service.get_run(db, run_id)
    return RunDetail(**_fields(run.row, job, run.spec), summary=run.summary)


@router.get("")
def runs(db: Db) -> list[RunAnswer]:
    """Every run, newest first."""
    return [RunAnswer(**_fields(line.row, line.job, line.spec)) for line in service.list_runs(db)]


@router.post("", status_code=status.HTTP_201_CREATED)
def start(wanted: RunRequest, db: Db, queue: Queue, now: Now) -> RunStarted:
    """Queue a run."""
    service.check_setting_names(wanted.settings)
    given = {name: text_of(value) for name, value in wanted.settings.items()}
    form = RunForm(**wanted.model_dump(exclude={"settings"}), **given)
    choice = choose(db, form)
    run = service.start_run(db, queue, choice, now)
    cost = choice.estimate
    answer = cost and EstimateAnswer(
        seconds=cost.seconds,
        temporary_bytes=cost.temporary,
        permanent_bytes=cost.permanent,
        sentences=cost.sentences,
        tokens=cost.tokens,
    )
    return RunStarted(**dict(_detail(db, run.id)), estimate=answer)


@router.get("/{run_id}")
def run(run_id: str, db: Db) -> RunDetail:
    """One run."""
    return _detail(db, run_id)


@router.patch("/{run_id}")
def rename(run_id: str, wanted: Annotated[RunName, Body()], db: Db) -> RunDetail:
    """Call a run something else."""
    service.rename_run(db, run_id, wanted.name)
    return _detail(db, run_id)


@router.post("/{run_id}/cancel")
def cancel(run_id: str, db: Db, queue: Queue) -> RunDetail:
    """Cancel a run."""
    service.cancel_run(db, queue, run_id)
    db.expire_all()
    return _detail(db, run_id)


@router.post("/{run_id}/retry")
def retry(run_id: str, db: Db, queue: Queue) -> RunDetail:
    """Try a failed or cancelled run again."""
    service.retry_run(db, queue, run_id)
    db.expire_all()
    return _detail(db, run_id)


@router.delete("/{run_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(run_id: str, db: Db) -> None:
    """Delete a run with all its numbers."""
    service.delete_run(db, run_id)


@document_router.get("/runs/{run_id}/run.json", name="runs:document")
def document(run_id: str, db: Db) -> dict[str, Any]:
    """Everything needed to repeat a finished run and to read its files."""
    return run_document(db, run_id)
