"""Naming models, inspecting and deleting them."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.jobs import FINISHED, InspectSpec
from app.contracts.results import ModelCard
from app.db.tables import Job, Model, NeuronSet, Run
from app.errors import AlreadyStored, BadInput, Conflict, NotFound
from app.jobs.queue import JobQueue
from app.text.plural import counted

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")
REVISION = re.compile(r"[\w][\w./-]{0,98}")
LONGEST_PATH = 1000


class NewModel(BaseModel):
    """What a user writes to name a model."""

    source: str = Field("", description="A Hugging Face id such as Qwen/Qwen2.5-0.5B, or the path of a local folder.")
    revision: str = Field("", description="Branch, tag or commit of the hub id; empty for main.")
    name: str = Field("", max_length=200, description="How pages call it; empty for the id or the folder's name.")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model's row with its card read, how many runs use it, and the job that inspected it last."""

    row: Model
    card: ModelCard | None
    runs: int
    job: Job | None


def list_models(session: Session) -> list[StoredModel]:
    """Every model, newest first."""
    runs = dict(session.execute(select(Run.model_id, func.count()).group_by(Run.model_id)).all())
    rows = session.scalars(select(Model).order_by(Model.created.desc(), Model.id))
    inspections = session.scalars(select(Job).where(Job.kind == "inspect").order_by(Job.created))
    newest = {job.subject: job for job in inspections}
    return [StoredModel(row, _card(row), runs.get(row.id, 0), newest.get(row.id)) for row in rows]


def find_model(session: Session, model_id: str) -> StoredModel:
    """One model. Raises NotFound."""
    row = _row(session, model_id)
    runs = session.scalar(select(func.count()).select_from(Run).where(Run.model_id == row.id)) or 0
    newest = select(Job).where(Job.subject == row.id, Job.kind == "inspect").order_by(Job.created.desc()).limit(1)
    return StoredModel(row, _card(row), runs, session.scalar(newest))


def add_model(session: Session, queue: JobQueue, wanted: NewModel, *, model_root: Path | None, now: datetime) -> Model:
    """Store a model and queue its inspection. Raises BadInput, AlreadyStored."""
    source = wanted.source.strip()
    if not source:
        raise BadInput("Name a model: a Hugging Face id such as Qwen/Qwen2.5-0.5B, or the path of a local folder.")
    revision: str | None = wanted.revision.strip() or None
    if is_path(source):
        source, revision, name = str(local_folder(source, model_root)), None, Path(source).name
    else:
        _check_hub_id(source, revision)
        name = source
    known = session.scalar(select(Model).where(Model.source == source, Model.revision == revision))
    if known is not None:
        raise AlreadyStored(f"This model is stored already as “{known.name}”.", f"/models/{known.id}")
    row = Model(id=new_id(), name=wanted.name.strip() or name, source=source, revision=revision, created=now)
    row.status, row.error, row.card = "queued", None, None
    session.add(row)
    session.flush()
    _queue_inspection(session, queue, row)
    return row


def inspect_again(session: Session, queue: JobQueue, model_id: str) -> Model:
    """Queue another inspection. Raises NotFound, or Conflict while one is under way."""
    found = find_model(session, model_id)
    if found.job is not None and found.job.status not in FINISHED:
        raise Conflict(f"“{found.row.name}” is being inspected already; wait for job {found.job.id} or cancel it.")
    found.row.status, found.row.error = "queued", None
    _queue_inspection(session, queue, found.row)
    return found.row


def delete_model(session: Session, model_id: str) -> None:
    """Forget a model. Raises NotFound, or Conflict if a run or an unfinished job needs it."""
    found = find_model(session, model_id)
    if found.runs:
        noun = counted(found.runs, "run uses", "runs use")
        raise Conflict(f"{noun} “{found.row.name}”. Delete the runs first.")
    sets = session.scalar(select(func.count()).select_from(NeuronSet).where(NeuronSet.model_id == model_id)) or 0
    if sets:
        noun = counted(sets, "neuron set belongs", "neuron sets belong")
        raise Conflict(f"{noun} to “{found.row.name}”. Delete the sets first.")
    if found.job is not None and found.job.status not in FINISHED:
        raise Conflict(f"“{found.row.name}” is being inspected. Cancel job {found.job.id} first.")
    session.delete(found.row)


def is_path(source: str) -> bool:
    """Whether a user means a folder: absolute, or beginning with a dot or the home folder's sign."""
    return source.startswith(("/", ".", "~")) or bool(re.match(r"[A-Za-z]:[\\/]", source))


def local_folder(source: str, model_root: Path | None) -> Path:
    """The folder of a local model, links resolved. Raises BadInput if it may not be, or is not, a model's folder."""
    if len(source) > LONGEST_PATH or "\0" in source:
        raise BadInput(f"A path of {len(source)} characters cannot be a model's folder.")
    folder = Path(source).expanduser().resolve()
    if model_root is not None and not folder.is_relative_to(model_root.resolve()):
        raise BadInput(f"Local models must lie under {model_root} here (MODEL_ROOT); {source} does not.")
    if not folder.is_dir():
        raise BadInput(f"There is no folder {source} on the server. Server and workers must both see it there.")
    if not (folder / "config.json").is_file():
        raise BadInput(f"The folder {source} has no config.json, so it is no model in the Hugging Face layout.")
    return folder


def _check_hub_id(source: str, revision: str | None) -> None:
    if not HUB_ID.fullmatch(source) or ".." in source:
        raise BadInput(
            f"“{source[:100]}” is neither a Hugging Face id (such as Qwen/Qwen2.5-0.5B) nor a path; "
            "paths begin with / or ./."
        )
    if revision is not None and (not REVISION.fullmatch(revision) or ".." in revision):
        raise BadInput(f"“{revision[:100]}” is not a revision: give a branch, a tag or a commit.")


def _queue_inspection(session: Session, queue: JobQueue, row: Model) -> None:
    queue.enqueue(session, InspectSpec(model_id=row.id), title=f"Inspect {row.name}", subject=row.id)


def _row(session: Session, model_id: str) -> Model:
    row = session.get(Model, model_id)
    if row is None:
        raise NotFound(f"There is no model {model_id[:40]}; it may have been deleted.")
    return row


def _card(row: Model) -> ModelCard | None:
    return None if row.card is None else ModelCard.model_validate(row.card)
