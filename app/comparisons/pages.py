"""Pages of the comparisons: list, form, the texts side by side, and the numbers of one token."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Header, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.comparisons import service
from app.comparisons.choice import Choice, choose
from app.comparisons.contexts import finished_context, form_context, running_context
from app.comparisons.drawing import chance
from app.comparisons.form import CompareForm, form_of
from app.comparisons.live import comparison_stream
from app.comparisons.service import find_comparison
from app.comparisons.stream import CompareStream
from app.comparisons.view import ResultQuery, forced_of, token_view
from app.db.replays import replays_of
from app.errors import BadInput, Ended, NotFound, ProductError
from app.web.deps import Db, Now, Page, Queue
from app.web.render import View, see_other
from app.web.state import query_string

router = APIRouter(prefix="/comparisons")
Asked = Annotated[ResultQuery, Query()]
Posted = Annotated[CompareForm, Form()]


@router.get("", name="comparisons:list")
def comparisons(db: Db, view: Page, before: datetime | None = None, run: str = "") -> HTMLResponse:
    """All comparisons, newest first."""
    found = service.list_comparisons(db, before, run)
    more = found[-1].row.created.isoformat() if len(found) == service.SHOWN else None
    return view.page("comparisons/list.html", comparisons=found, more=more, state={"run": run} if run else None)


@router.get("/new", name="comparisons:new")
def new(form: Annotated[CompareForm, Query()], db: Db, view: Page, like: str = "") -> HTMLResponse:
    """The form, empty, filled by the address, or as another comparison was asked."""
    if like:
        found = find_comparison(db, like)
        form = form_of(found.spec, "")
    return _form(view, choose(db, form), error=None)


@router.post("/form", name="comparisons:form")
def form(form: Posted, db: Db, view: Page) -> HTMLResponse:
    """The form again after another model, run or set was chosen; a POST, because prompts are longer than addresses."""
    return _form(view, choose(db, form), error=None)


@router.post("", name="comparisons:start", response_model=None)
def start(form: Posted, db: Db, queue: Queue, now: Now, view: Page) -> HTMLResponse | RedirectResponse:
    """Queue a comparison."""
    try:
        row = service.start_comparison(db, queue, choose(db, form), now)
    except (BadInput, NotFound) as error:
        db.rollback()
        return _form(view, choose(db, form), error=error)
    return see_other(f"/comparisons/{row.id}" + ("?leave=stop" if form.leave == "stop" else ""))


def _form(view: View, choice: Choice, error: ProductError | None) -> HTMLResponse:
    code = 200 if error is None else error.status
    return view.page("comparisons/new.html", code=code, error=error, **form_context(choice))


@router.get("/{comparison_id}", name="comparisons:page")
def comparison(comparison_id: str, query: Asked, db: Db, now: Now, view: Page) -> HTMLResponse:
    """The texts side by side: as they are written, and with everything measured once they are finished."""
    found = find_comparison(db, comparison_id)
    if found.row.result is None:
        state = query if not found.finished else None
        return view.page("comparisons/running.html", state=state, **running_context(db, found, query, now))
    query = query.model_copy(update={"leave": ""})
    return view.page(
        "comparisons/page.html", state=query, replays=replays_of(db, found.row), **finished_context(found, query)
    )


@router.get("/{comparison_id}/tokens/{place}", name="comparisons:token")
def token(comparison_id: str, place: int, query: Asked, db: Db, view: Page) -> HTMLResponse:
    """What each model expected at one token of the normal text."""
    found = find_comparison(db, comparison_id)
    shown = token_view(forced_of(found.row.result), place)
    if shown is None:
        raise NotFound(f"This comparison has no numbers for a token {place}.")
    query = query.model_copy(update={"token": place, "leave": ""})
    address = lambda **changes: f"/comparisons/{found.id}" + query_string(query, **changes)  # noqa: E731
    answer = view.fragment("comparisons/_token.html", token=shown, address=address, chance=chance)
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


@router.get("/{comparison_id}/events", name="comparisons:events", response_class=EventSourceResponse)
async def events(
    stream: Annotated[CompareStream, Depends(comparison_stream)],
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """What is written after event `after`; a browser that comes back goes on after the last it has seen."""
    async for event in stream.follow(max(after, last_event_id)):
        yield event


@router.post("/{comparison_id}/stop", name="comparisons:stop")
def stop(comparison_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Stop writing; what is written stays."""
    with suppress(Ended):  # the page shows how
        service.stop_comparison(db, queue, comparison_id)
    return see_other(f"/comparisons/{comparison_id}")


@router.post("/{comparison_id}/replay", name="comparisons:replay")
@router.post("/{comparison_id}/again", name="comparisons:again")
def again(comparison_id: str, db: Db, queue: Queue, now: Now) -> RedirectResponse:
    """Ask the same once more."""
    return see_other(f"/comparisons/{service.again(db, queue, comparison_id, now).id}")


@router.post("/{comparison_id}/retry", name="comparisons:retry")
def retry(comparison_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Try a failed or cancelled comparison again."""
    service.retry_comparison(db, queue, comparison_id)
    return see_other(f"/comparisons/{comparison_id}")


@router.post("/{comparison_id}/name", name="comparisons:rename")
def rename(comparison_id: str, db: Db, name: Annotated[str, Form()] = "") -> RedirectResponse:
    """Call a comparison something else."""
    service.rename_comparison(db, comparison_id, name)
    return see_other(f"/comparisons/{comparison_id}")


@router.post("/{comparison_id}/delete", name="comparisons:delete")
def delete(comparison_id: str, db: Db) -> RedirectResponse:
    """Delete a comparison with its answer."""
    service.delete_comparison(db, comparison_id)
    return see_other("/comparisons")
