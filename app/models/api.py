"""Models as JSON."""

from datetime import datetime

from fastapi import APIRouter, status
from pydantic import BaseModel

from app.contracts.results import ModelCard
from app.models import service
from app.web.deps import Config, Db, Now, Queue
from app.web.errors import REFUSED

router = APIRouter(prefix="/models", tags=["models"], responses=REFUSED)


class ModelAnswer(BaseModel):
    """A model and what a worker found when it loaded it."""

    id: str
    name: str
    source: str
    revision: str | None
    status: str
    error: str | None
    card: ModelCard | None
    runs: int
    job: str | None
    created: datetime


def _answer(model: service.StoredModel) -> ModelAnswer:
    row = model.row
    return ModelAnswer(
        id=row.id,
        name=row.name,
        source=row.source,
        revision=row.revision,
        status=row.status,
        error=row.error,
        card=model.card,
        runs=model.runs,
        job=model.job.id if model.job else None,
        created=row.created,
    )


@router.get("")
def models(db: Db) -> list[ModelAnswer]:
    """Every model, newest first."""
    return [_answer(model) for model in service.list_models(db)]


@router.post("", status_code=status.HTTP_201_CREATED)
def add(wanted: service.NewModel, db: Db, queue: Queue, settings: Config, now: Now) -> ModelAnswer:
    """Store a model and queue its inspection."""
    row = service.add_model(db, queue, wanted, model_root=settings.model_root, now=now)
    return _answer(service.find_model(db, row.id))


@router.get("/{model_id}")
def model(model_id: str, db: Db) -> ModelAnswer:
    """One model."""
    return _answer(service.find_model(db, model_id))


@router.post("/{model_id}/inspect", status_code=status.HTTP_202_ACCEPTED)
def inspect(model_id: str, db: Db, queue: Queue) -> ModelAnswer:
    """Queue another inspection."""
    row = service.inspect_again(db, queue, model_id)
    return _answer(service.find_model(db, row.id))


@router.delete("/{model_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(model_id: str, db: Db) -> None:
    """Forget a model that no run uses."""
    service.delete_model(db, model_id)
