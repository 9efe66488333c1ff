"""Pages of the question sets."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from app.db.questions import evaluations_of, find_questions, list_question_sets
from app.errors import BadInput, Conflict, TooLarge
from app.questions import service
from app.text.questions import FORMATS
from app.web.deps import Config, Db, Now, Page
from app.web.render import see_other
from app.web.uploads import uploaded

router = APIRouter(prefix="/questions")


@router.get("", name="questions:list")
def question_sets(db: Db, view: Page) -> HTMLResponse:
    """All question sets."""
    return view.page("questions/list.html", found=list_question_sets(db))


@router.get("/new", name="questions:new")
def new(view: Page, settings: Config) -> HTMLResponse:
    """The form for an upload."""
    form, limit = service.NewQuestions(), settings.max_upload_mb
    return view.page("questions/new.html", form=form, formats=FORMATS, limit=limit, error=None)


@router.post("", name="questions:upload", response_model=None)
def upload(  # noqa: PLR0913 — one parameter a field of the form
    db: Db,
    view: Page,
    settings: Config,
    now: Now,
    files: Annotated[list[UploadFile] | None, File()] = None,
    name: Annotated[str, Form()] = "",
    format: Annotated[str, Form()] = "auto",
) -> HTMLResponse | RedirectResponse:
    """Read and store uploaded files."""
    form = service.NewQuestions.model_construct(name=name[: service.NAME_LENGTH], format=format)
    try:
        stored = service.upload_questions(db, uploaded(files), form, now)
    except (BadInput, Conflict, TooLarge) as error:
        db.rollback()
        limit = settings.max_upload_mb
        return view.page("questions/new.html", code=error.status, form=form, formats=FORMATS, limit=limit, error=error)
    return see_other(f"/questions/{stored.id}")


@router.get("/{set_id}", name="questions:page")
def question_set(set_id: str, query: Annotated[service.QuestionsQuery, Query()], db: Db, view: Page) -> HTMLResponse:
    """A question set: what is in it, what was left out, and its questions with their answers."""
    found = find_questions(db, set_id)
    page = service.questions_page(db, found, query)
    used = evaluations_of(db, set_id)
    return view.page("questions/page.html", state=query, found=found, page=page, query=query, used=used)


@router.post("/{set_id}/delete", name="questions:delete")
def delete(set_id: str, db: Db) -> RedirectResponse:
    """Delete a question set that no evaluation used."""
    service.delete_questions(db, set_id)
    return see_other("/questions")
