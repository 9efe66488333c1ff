"""Pages of the models."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from app.db.jobs import job_view
from app.errors import BadInput, Conflict
from app.models import service
from app.web.deps import Config, Db, Now, Page, Queue
from app.web.render import see_other

router = APIRouter(prefix="/models")


@router.get("", name="models:list")
def models(db: Db, view: Page) -> HTMLResponse:
    """All models, and the form to add one."""
    return view.page("models/list.html", models=service.list_models(db), form=service.NewModel(), error=None)


@router.post("", name="models:add", response_model=None)
def add(
    form: Annotated[service.NewModel, Form()], db: Db, queue: Queue, settings: Config, now: Now, view: Page
) -> HTMLResponse | RedirectResponse:
    """Store a model and queue its inspection."""
    try:
        model = service.add_model(db, queue, form, model_root=settings.model_root, now=now)
    except (BadInput, Conflict) as error:
        db.rollback()
        models = service.list_models(db)
        return view.page("models/list.html", code=error.status, models=models, form=form, error=error)
    return see_other(f"/models/{model.id}")


@router.get("/{model_id}", name="models:page")
def model(model_id: str, db: Db, now: Now, view: Page) -> HTMLResponse:
    """A model's card."""
    found = service.find_model(db, model_id)
    return view.page("models/page.html", model=found, job=job_view(found.job, now) if found.job else None)


@router.post("/{model_id}/inspect", name="models:inspect")
def inspect(model_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Queue another inspection."""
    return see_other(f"/models/{service.inspect_again(db, queue, model_id).id}")


@router.post("/{model_id}/delete", name="models:delete")
def delete(model_id: str, db: Db) -> RedirectResponse:
    """Forget a model that no run uses."""
    service.delete_model(db, model_id)
    return see_other("/models")
