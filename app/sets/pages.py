"""Pages of the neuron sets: list, four ways to make one, the set itself, its files."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse

from app.contracts.ids import NeuronId
from app.contracts.sets import MEASURES
from app.db.sets import experiments_with, find_set, versions_of
from app.db.tables import NeuronSet
from app.db.top import choose_top
from app.errors import ProductError
from app.figures.figure import inline
from app.sets import choice, exports, service
from app.sets.drawings import Part, circles, layer_bars
from app.sets.forms import CombineForm, ImportForm, PickForm, TopForm
from app.sets.making import OPERATIONS, Wish, combine, combined_origin, find_model, picked, save
from app.sets.overlaps import MOST_OTHERS, other_sets
from app.sets.view import SetQuery, origin_words, set_view
from app.web.deps import Cache, Config, Db, Now, Page
from app.web.render import see_other
from app.web.uploads import uploaded

router = APIRouter(prefix="/sets")


@router.get("", name="sets:list")
def sets(db: Db, view: Page, model: Annotated[str, Query(max_length=40)] = "") -> HTMLResponse:
    """All sets, or those of one model."""
    chosen = find_model(db, model) if model else None
    return view.page(
        "sets/list.html", sets=service.list_lines(db, model), model=chosen, models=service.inspected_models(db)
    )


@router.get("/new", name="sets:new")
def new(form: Annotated[TopForm, Query()], db: Db, cache: Cache, view: Page) -> HTMLResponse:
    """The best neurons of a run: the form, and how many neurons it gives."""
    return _top(db, cache, view, form, None)


@router.post("/top", name="sets:top", response_model=None)
def store_top(
    form: Annotated[TopForm, Form()], db: Db, cache: Cache, view: Page, now: Now
) -> HTMLResponse | RedirectResponse:
    """Store the best neurons of a run."""
    try:
        found = choose_top(db, cache.reader(db), form.origin())
        wish = Wish(form.name, form.after, f"{form.language} Type-{form.type}, {len(found.neurons):,} best")
        row = save(db, found.run.model, found.neurons, found.origin, wish, now)
    except ProductError as error:
        db.rollback()
        return _top(db, cache, view, form, error)
    return see_other(f"/sets/{row.id}")


def _top(db: Db, cache: Cache, view: Page, form: TopForm, error: ProductError | None) -> HTMLResponse:
    page = choice.top_page(db, cache, form)
    drawn = None
    if page.choice is not None:
        drawn = inline(layer_bars([Part("chosen", page.choice.per_layer, "one")], width=420, height=150))
    return view.page(
        "sets/new.html", code=_code(error), page=page, form=page.form, error=error, drawing=drawn, measures=MEASURES,
        after=choice.next_version(db, form.after), tab="top",
    )  # fmt: skip


@router.get("/new/picked", name="sets:new_picked")
def new_picked(form: Annotated[PickForm, Query()], db: Db, view: Page) -> HTMLResponse:
    """Neurons named by hand: the form, with those ticked in a table."""
    return _picked(db, view, form, None)


@router.post("/picked", name="sets:picked", response_model=None)
def store_picked(form: Annotated[PickForm, Form()], db: Db, view: Page, now: Now) -> HTMLResponse | RedirectResponse:
    """Store neurons named by hand."""
    try:
        model = find_model(db, form.model)
        neurons, _ = picked(model, form.text, form.neurons)
        wish = Wish(form.name, form.after, _brief(neurons.tolist()))
        row = save(db, model, neurons, choice.picked_origin(form), wish, now)
    except ProductError as error:
        db.rollback()
        return _picked(db, view, form, error)
    return see_other(f"/sets/{row.id}")


def _brief(neurons: list[list[int]]) -> str:
    named = ", ".join(str(NeuronId(*pair)) for pair in neurons[:3])
    return named if len(neurons) <= 3 else f"{named} and {len(neurons) - 3:,} more"


def _picked(db: Db, view: Page, form: PickForm, error: ProductError | None) -> HTMLResponse:
    page = choice.pick_page(db, form)
    drawn = None
    if page.neurons is not None and page.model is not None:
        drawn = inline(
            layer_bars([_part(page.neurons[:, 0].tolist(), choice.layers_of(page.model))], width=420, height=150)
        )
    return view.page(
        "sets/picked.html", code=_code(error), page=page, form=form, error=error, drawing=drawn,
        after=choice.next_version(db, form.after), tab="picked",
    )  # fmt: skip


def _part(layers: list[int], total: int) -> Part:
    return Part("neurons", [layers.count(layer) for layer in range(total)], "one")


@router.get("/new/import", name="sets:new_import")
def new_import(form: Annotated[ImportForm, Query()], db: Db, view: Page, settings: Config) -> HTMLResponse:
    """The form for a file."""
    return _import(db, view, settings, form, None)


@router.post("/import", name="sets:import", response_model=None)
def store_import(
    db: Db,
    view: Page,
    settings: Config,
    now: Now,
    form: Annotated[ImportForm, Form()],
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> HTMLResponse | RedirectResponse:
    """Read a file and store the set, or the sets, in it."""
    try:
        rows = service.import_file(db, uploaded(files), form, now)
    except ProductError as error:
        db.rollback()
        return _import(db, view, settings, form, error)
    return see_other(f"/sets/{rows[0].id}" if len(rows) == 1 else f"/sets?model={rows[0].model_id}")


def _import(db: Db, view: Page, settings: Config, form: ImportForm, error: ProductError | None) -> HTMLResponse:
    after = choice.next_version(db, form.after)
    return view.page(
        "sets/import.html", code=_code(error), form=form, error=error, models=service.inspected_models(db),
        limit=settings.max_upload_mb, after=after, tab="import", chosen=form.model or (after.model_id if after else ""),
    )  # fmt: skip


@router.get("/new/combine", name="sets:new_combine")
def new_combine(form: Annotated[CombineForm, Query()], db: Db, view: Page) -> HTMLResponse:
    """Two sets: what they share, beside chance, and what and, or, minus and xor give."""
    return _combine(db, view, form, None)


@router.post("/combined", name="sets:combined", response_model=None)
def store_combined(
    form: Annotated[CombineForm, Form()], db: Db, view: Page, now: Now
) -> HTMLResponse | RedirectResponse:
    """Store what two sets give together."""
    try:
        found = combine(db, form.left, form.right, form.operation)
        wish = Wish(form.name, form.after, f"{found.left.title} {form.operation} {found.right.title}")
        row = save(db, found.left.model, found.neurons, combined_origin(found), wish, now)
    except ProductError as error:
        db.rollback()
        return _combine(db, view, form, error)
    return see_other(f"/sets/{row.id}")


def _combine(db: Db, view: Page, form: CombineForm, error: ProductError | None) -> HTMLResponse:
    page = choice.combine_page(db, form)
    bars = None
    shown = page.overlap
    if shown is not None:
        left, right, both = (shown.by_layer[:, i] for i in range(3))
        parts = [Part("A alone", (left - both).tolist(), "a"), Part("in both", both.tolist(), "both"),
                 Part("B alone", (right - both).tolist(), "b")]  # fmt: skip
        bars = inline(layer_bars(parts))
    venn = None if shown is None else inline(circles(shown.left, shown.right, shown.both, page.form.operation), "venn")
    return view.page(
        "sets/combine.html", code=_code(error), page=page, form=page.form, error=error, operations=OPERATIONS,
        bars=bars, venn=venn, after=choice.next_version(db, form.after), tab="combine", state=page.form,
    )  # fmt: skip


def _code(error: ProductError | None) -> int:
    return 200 if error is None else error.status


@router.get("/{set_id}.json", name="sets:json")
def set_json(set_id: str, db: Db) -> JSONResponse:
    """The set as a file that reads back as the same set."""
    found = find_set(db, set_id)
    return JSONResponse(exports.document(found).model_dump(mode="json"), headers=_file(found.row, "json"))


@router.get("/{set_id}.csv", name="sets:csv")
def set_csv(set_id: str, db: Db) -> StreamingResponse:
    """The neurons as CSV."""
    found = find_set(db, set_id)
    return StreamingResponse(
        exports.csv_file(found), media_type="text/csv; charset=utf-8", headers=_file(found.row, "csv")
    )


def _file(row: NeuronSet, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{row.id}-v{row.version}.{ending}"'}


@router.get("/{set_id}", name="sets:page")
def one(set_id: str, query: Annotated[SetQuery, Query()], db: Db, cache: Cache, view: Page) -> HTMLResponse:
    """A set: where it sits, what its neurons score, what it shares with other sets, where it is used."""
    found = find_set(db, set_id)
    overlaps, left_out = other_sets(db, found)
    shown = set_view(db, cache, found, query)
    return view.page(
        "sets/page.html", state=query, found=found, view=shown, overlaps=overlaps, left_out=left_out,
        most=MOST_OTHERS, origin=origin_words(db, found), versions=versions_of(db, found.row.family), query=query,
        experiments=experiments_with(db, found.id),
        drawing=inline(layer_bars([Part("neurons", shown.per_layer, "one")])),
    )  # fmt: skip


@router.post("/{set_id}/name", name="sets:rename")
def rename(set_id: str, db: Db, name: Annotated[str, Form()] = "") -> RedirectResponse:
    """Call a set something else, as long as nothing uses it."""
    service.rename(db, set_id, name)
    return see_other(f"/sets/{set_id}")


@router.post("/{set_id}/delete", name="sets:delete")
def delete(set_id: str, db: Db) -> RedirectResponse:
    """Delete a set that nothing uses."""
    service.delete(db, set_id)
    return see_other("/sets")
