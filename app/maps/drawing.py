"""Asking for one more map of a run: which projections the workers offer, and the job that draws one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.jobs import FINISHED, ProjectSpec
from app.contracts.results import Catalogue, MethodCard
from app.db.runs import FinishedRun, finished_run
from app.db.tables import Job, WorkerLease
from app.errors import BadInput, Conflict
from app.jobs.queue import JobQueue

_NUMBERS = {"integer": int, "number": float}


def offered_projections(session: Session) -> list[MethodCard]:
    """What the workers announced last; nothing before a worker has ever run on this database."""
    newest = select(WorkerLease.catalogue).where(WorkerLease.catalogue.is_not(None)).order_by(WorkerLease.beat.desc())
    catalogue = session.scalar(newest.limit(1))
    if catalogue is None:
        return []
    return [card for card in Catalogue.model_validate(catalogue).methods if card.kind == "projection"]


def fields_of(card: MethodCard) -> list[dict[str, Any]]:
    """The parameters of a method as a form draws them: name, words, choices or limits, default."""
    found = card.parameters.get("properties")
    properties = found if isinstance(found, dict) else {}
    return [{"name": name, **schema} for name, schema in properties.items()]


def queue_map(session: Session, queue: JobQueue, run_id: str, method: str, asked: Mapping[str, str]) -> str:
    """Queue the drawing of a map and return the job's id.

    Raises NotFound, BadInput with the parameter that does not fit, Conflict if that map is being drawn already.
    """
    run = finished_run(session, run_id)
    cards = {card.name: card for card in offered_projections(session)}
    if method not in cards:
        known = ", ".join(cards) or "none: start a worker first"
        raise BadInput(f"No worker offers the projection “{method[:40]}”. There are: {known}.")
    card = cards[method]
    params = {field["name"]: _value(card, field, asked) for field in fields_of(card) if asked.get(field["name"])}
    _refuse_twice(session, run, method)
    spec = ProjectSpec(run_id=run.id, method=method, params=params)
    return queue.enqueue(session, spec, title=f"{card.title} map of {run.name}", subject=run.id)


def _value(card: MethodCard, field: Mapping[str, Any], asked: Mapping[str, str]) -> float | int | str:
    """One parameter, typed and within the limits of its schema."""
    name, text = field["name"], asked[field["name"]]
    if "enum" in field:
        if text not in field["enum"]:
            raise BadInput(f"{card.title}: {name} is one of {', '.join(field['enum'])}, not “{text[:40]}”.")
        return text
    try:
        value = _NUMBERS[field["type"]](text)
    except ValueError as error:
        raise BadInput(f"{card.title}: {name} is a number, not “{text[:40]}”.") from error
    low, high = field.get("minimum"), field.get("maximum")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise BadInput(f"{card.title}: {name} lies between {low} and {high}, not at {text[:40]}.")
    number: float | int = value
    return number


def _refuse_twice(session: Session, run: FinishedRun, method: str) -> None:
    open_jobs = select(Job).where(Job.kind == "project", Job.subject == run.id, Job.status.not_in(FINISHED))
    for job in session.scalars(open_jobs):
        if job.spec.get("method") == method:
            raise Conflict(f"The {method} map of {run.name} is being drawn already; see job {job.id}.")
