"""Pages of the corpora."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from app.corpora import parallel, service
from app.errors import BadInput, Conflict
from app.text.corpora import FORMATS
from app.web.deps import Config, Db, Now, Page
from app.web.render import see_other
from app.web.uploads import uploaded

router = APIRouter(prefix="/corpora")


@router.get("", name="corpora:list")
def corpora(db: Db, view: Page) -> HTMLResponse:
    """All corpora."""
    return view.page("corpora/list.html", corpora=service.list_corpora(db))


@router.get("/new", name="corpora:new")
def new(view: Page, settings: Config) -> HTMLResponse:
    """The form for an upload."""
    limit = settings.max_upload_mb
    return view.page("corpora/new.html", form=service.NewCorpus(), formats=FORMATS, limit=limit, error=None)


@router.post("", name="corpora:upload", response_model=None)
def upload(  # noqa: PLR0913 — one parameter a field of the form
    db: Db,
    view: Page,
    settings: Config,
    now: Now,
    files: Annotated[list[UploadFile] | None, File()] = None,
    name: Annotated[str, Form()] = "",
    format: Annotated[str, Form()] = "auto",
    pivot: Annotated[str, Form()] = "",
) -> HTMLResponse | RedirectResponse:
    """Read and store uploaded files."""
    form = service.NewCorpus.model_construct(name=name[: service.NAME_LENGTH], format=format, pivot=pivot)
    limit = settings.max_upload_mb
    try:
        corpus = service.upload_corpus(db, uploaded(files), form, max_upload_bytes=limit * 1_000_000, now=now)
    except (BadInput, Conflict) as error:
        db.rollback()
        return view.page("corpora/new.html", code=error.status, form=form, formats=FORMATS, limit=limit, error=error)
    return see_other(f"/corpora/{corpus.id}")


@router.get("/{corpus_id}", name="corpora:page")
def corpus(corpus_id: str, query: Annotated[parallel.ParallelQuery, Query()], db: Db, view: Page) -> HTMLResponse:
    """A corpus: what is in it, what was noticed, and its sentences side by side."""
    found = service.find_corpus(db, corpus_id)
    page = parallel.parallel_page(db, found, query)
    return view.page("corpora/page.html", state=query, corpus=found, page=page, query=query)


@router.post("/{corpus_id}/delete", name="corpora:delete")
def delete(corpus_id: str, db: Db) -> RedirectResponse:
    """Delete a corpus that no run reads."""
    service.delete_corpus(db, corpus_id)
    return see_other("/corpora")
