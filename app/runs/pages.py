"""Pages of the runs: list, new, overview with live progress."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from app.db.jobs import job_view
from app.errors import BadInput, Ended
from app.runs import service
from app.runs.choice import Choice, RunForm, choose
from app.runs.words import PRESET_WORDS, SETTINGS, spelled_out
from app.web.deps import Config, Db, Now, Page, Queue
from app.web.disk import free_bytes
from app.web.render import View, see_other

router = APIRouter(prefix="/runs")


@router.get("", name="runs:list")
def runs(db: Db, view: Page) -> HTMLResponse:
    """All runs."""
    return view.page("runs/list.html", runs=service.list_runs(db))


@router.get("/new", name="runs:new")
def new(form: Annotated[RunForm, Query()], db: Db, settings: Config, view: Page) -> HTMLResponse:
    """The form for a run, with what it would cost."""
    return _form(view, choose(db, form), free_bytes(settings), error=None)


@router.post("", name="runs:start", response_model=None)
def start(
    form: Annotated[RunForm, Form()], db: Db, queue: Queue, settings: Config, now: Now, view: Page
) -> HTMLResponse | RedirectResponse:
    """Start a run."""
    choice = choose(db, form)
    try:
        run = service.start_run(db, queue, choice, now)
    except BadInput as error:
        db.rollback()
        return _form(view, choose(db, form), free_bytes(settings), error=error)
    return see_other(f"/runs/{run.id}")


def _form(view: View, choice: Choice, free: int | None, error: BadInput | None) -> HTMLResponse:
    code = 200 if error is None else error.status
    return view.page(
        "runs/new.html", code=code, choice=choice, free=free, settings=SETTINGS, presets=PRESET_WORDS, error=error
    )


@router.get("/{run_id}", name="runs:page")
def run(run_id: str, db: Db, now: Now, view: Page) -> HTMLResponse:
    """A run: what it is, how far it is, and its figures once it is complete."""
    found, job = service.get_run(db, run_id)
    return view.page(
        "runs/page.html",
        run=found,
        job=None if job is None else job_view(job, now),
        settings=spelled_out(found.spec.settings),
    )


@router.post("/{run_id}/name", name="runs:rename")
def rename(run_id: str, db: Db, name: Annotated[str, Form()] = "") -> RedirectResponse:
    """Call a run something else."""
    service.rename_run(db, run_id, name)
    return see_other(f"/runs/{run_id}")


@router.post("/{run_id}/cancel", name="runs:cancel")
def cancel(run_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Cancel a run."""
    with suppress(Ended):  # the page shows how
        service.cancel_run(db, queue, run_id)
    return see_other(f"/runs/{run_id}")


@router.post("/{run_id}/retry", name="runs:retry")
def retry(run_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Try a failed or cancelled run again."""
    service.retry_run(db, queue, run_id)
    return see_other(f"/runs/{run_id}")


@router.post("/{run_id}/delete", name="runs:delete")
def delete(run_id: str, db: Db) -> RedirectResponse:
    """Delete a run with all its numbers."""
    service.delete_run(db, run_id)
    return see_other("/runs")
