"""Pages of the experiments: list, form, answer, and what one can do with an experiment."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from app.contracts.ids import new_id
from app.db.jobs import job_view
from app.db.replays import replays_of
from app.db.runs import find_run, finished_run
from app.errors import BadInput, Conflict, Ended, NotFound, ProductError
from app.experiments import service
from app.experiments.deps import Filled, InAddress, Kinds, Posted, Reader, shown
from app.experiments.kind import Desk, Kind, Wanted
from app.experiments.kinds import place_of, title_of
from app.experiments.service import ExperimentsQuery
from app.figures.figure import inline
from app.web.deps import Config, Db, Now, Page, Queue
from app.web.render import View, see_other

router = APIRouter()
Asked = Annotated[ExperimentsQuery, Query()]


@router.get("/experiments", name="experiments:list")
def experiments(query: Asked, db: Db, kinds: Kinds, view: Page) -> HTMLResponse:
    """All experiments, newest first."""
    return view.page("experiments/list.html", state=query, **_listed(db, kinds, query))


@router.get("/runs/{run_id}/experiments", name="experiments:run")
def experiments_of_run(run_id: str, query: Asked, db: Db, kinds: Kinds, view: Page) -> HTMLResponse:
    """The experiments of a run, and what can be asked of it."""
    run = finished_run(db, run_id)
    query = query.model_copy(update={"run": run_id})
    state = query.model_dump(exclude={"run"}, exclude_defaults=True)
    return view.page("experiments/run.html", state=state, run=run, **_listed(db, kinds, query))


def _listed(db: Db, kinds: Mapping[str, Kind], query: ExperimentsQuery) -> dict[str, Any]:
    found = service.list_experiments(db, query)
    return {
        "experiments": found,
        "query": query,
        "kinds": kinds,
        "counts": service.count_experiments(db, query),
        "more": found[-1].row.created.isoformat() if len(found) == service.SHOWN else None,
        "filtered": find_run(db, query.run) if query.run else None,
        "place_of": place_of,
        "title_of": lambda name: title_of(kinds, name),
    }


@router.get("/experiments/new/{kind}", name="experiments:new")
def new(filled: InAddress, request: Request, desk: Reader, view: Page) -> HTMLResponse:
    """The form of a kind, with what it would cost."""
    try:
        answer = _form(view, desk, filled, wanted=filled.wanted(desk, new_id()))
    except ProductError as problem:
        answer = _form(view, desk, filled, problem=problem)
    if filled.unread:  # chosen files do not survive a reload, so the address does not speak of them
        kept = [(key, value) for key, value in request.query_params.multi_items() if key not in filled.kind.file_fields]
        answer.headers["HX-Replace-Url"] = f"{request.url.path}?{urlencode(kept)}"
    return answer


@router.post("/experiments/{kind}", name="experiments:start", response_model=None)
def start(filled: Posted, desk: Reader, queue: Queue, now: Now, view: Page) -> HTMLResponse | RedirectResponse:
    """Start an experiment."""
    experiment_id = new_id()
    try:
        wanted = filled.wanted(desk, experiment_id)
        service.start_experiment(desk.session, queue, experiment_id, wanted, name=filled.name, now=now)
    except (BadInput, NotFound, Conflict) as error:
        desk.session.rollback()
        return _form(view, desk, filled, error=error)
    return see_other(f"/experiments/{experiment_id}")


def _form(
    view: View,
    desk: Desk,
    filled: Filled,
    *,
    wanted: Wanted | None = None,
    problem: ProductError | None = None,
    error: ProductError | None = None,
) -> HTMLResponse:
    runs = service.finished_runs(desk.session) if filled.kind.needs_run else []
    run = next((one for one in runs if one.id == getattr(filled.form, "run", "")), None)
    ready = run is not None or not filled.kind.needs_run
    context: dict[str, Any] = dict(filled.kind.fields(desk, filled.form)) if ready else {}
    return view.page(
        "experiments/new.html",
        code=200 if error is None else error.status,
        kind=filled.kind,
        form=filled.form,
        called=filled.name,
        run=None if run is None else find_run(desk.session, run.id),
        runs=runs,
        ready=ready,
        wanted=wanted,
        problem=problem,
        error=error,
        **context,
    )


@router.get("/experiments/{experiment_id}", name="experiments:page", response_model=None)
def experiment(
    experiment_id: str, request: Request, desk: Reader, kinds: Kinds, now: Now, view: Page
) -> HTMLResponse | RedirectResponse:
    """An experiment: how far it is, and its answer once there is one."""
    found = service.find_experiment(desk.session, experiment_id)
    if found.row.kind not in kinds:
        place = place_of(found.row.kind, found.id)
        if place != f"/experiments/{found.id}":
            return see_other(place)
    kind = service.kind_named(kinds, found.row.kind)
    state: BaseModel = kind.state()
    context: dict[str, Any] = {}
    if found.row.result is not None:
        _, answer = shown(request, desk, kinds, experiment_id)
        state = answer.state
        context = {**kind.show(answer), "figures": {one.name: one for one in kind.figures(answer)}}
    return view.page(
        "experiments/page.html",
        state=state,
        experiment=found,
        kind=kind,
        job=None if found.job is None else job_view(found.job, now),
        view_state=state,
        inline=inline,
        replays=replays_of(desk.session, found.row),
        **context,
    )


@router.post("/experiments/{experiment_id}/name", name="experiments:rename")
def rename(experiment_id: str, db: Db, name: Annotated[str, Form()] = "") -> RedirectResponse:
    """Call an experiment something else."""
    service.rename_experiment(db, experiment_id, name)
    return see_other(f"/experiments/{experiment_id}")


@router.post("/experiments/{experiment_id}/cancel", name="experiments:cancel")
def cancel(experiment_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Cancel an experiment."""
    with suppress(Ended):  # the page shows how
        service.cancel_experiment(db, queue, experiment_id)
    return see_other(f"/experiments/{experiment_id}")


@router.post("/experiments/{experiment_id}/retry", name="experiments:retry")
def retry(experiment_id: str, db: Db, queue: Queue) -> RedirectResponse:
    """Try a failed or cancelled experiment again."""
    service.retry_experiment(db, queue, experiment_id)
    return see_other(f"/experiments/{experiment_id}")


@router.post("/experiments/{experiment_id}/replay", name="experiments:replay")
def replay(experiment_id: str, db: Db, queue: Queue, now: Now) -> RedirectResponse:
    """Ask the same once more; both pages then tell whether the answers match."""
    return see_other(f"/experiments/{service.replay_experiment(db, queue, experiment_id, new_id(), now).id}")


@router.post("/experiments/{experiment_id}/delete", name="experiments:delete")
def delete(experiment_id: str, db: Db, settings: Config) -> RedirectResponse:
    """Delete an experiment with its numbers."""
    service.delete_experiment(db, settings, experiment_id)
    return see_other("/experiments")
