"""Pages of the neurons: the table with its files, and a page for each neuron."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from app.contracts.ids import NeuronId
from app.neurons import detail, exports, service
from app.neurons.columns import COLUMNS, TableQuery
from app.neurons.deps import Arrays, Orders, ScannedRun
from app.neurons.view import CONTINUE_ROWS, PROFILES, NeuronQuery, neuron_view, number_cells
from app.web.deps import Page
from app.web.render import see_other
from app.web.state import query_string

router = APIRouter(prefix="/runs/{run_id}/neurons")
Place = Annotated[int, Path(ge=0, le=10_000_000)]
AskedTable = Annotated[TableQuery, Query()]
AskedNeuron = Annotated[NeuronQuery, Query()]


@router.get("", name="neurons:table")
def table(run: ScannedRun, arrays: Arrays, orders: Orders, query: AskedTable, view: Page) -> HTMLResponse:
    """The table, from its top or from the row the address names."""
    page = service.neuron_table(run, arrays, orders, query)
    return view.page(
        "neurons/table.html", state=query, run=run, page=page, columns=COLUMNS,
        layers=service.layers_of(run, page.query), ask=partial(query_string, query), cells=number_cells, shown=0,
        most=CONTINUE_ROWS, ticked=page.query.ticked,
    )  # fmt: skip


@router.get("/rows", name="neurons:rows")
def rows(
    run: ScannedRun,
    arrays: Arrays,
    orders: Orders,
    query: AskedTable,
    view: Page,
    shown: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """More rows for a table that shows `shown` already; beyond CONTINUE_ROWS only a link to the next page."""
    page = service.neuron_table(run, arrays, orders, query)
    return view.fragment(
        "neurons/_rows.html", run=run, page=page, ask=partial(query_string, query), cells=number_cells, shown=shown,
        most=CONTINUE_ROWS, ticked=page.query.ticked,
    )  # fmt: skip


@router.get(".{form}", name="neurons:file")
def file(run: ScannedRun, arrays: Arrays, orders: Orders, query: AskedTable, form: exports.Format) -> StreamingResponse:
    """The whole filtered table, in the order of the page."""
    found = exports.whole_table(run, arrays, orders, query)
    asked = service.resolved(run, query)
    return _download(exports.written(found, form), form, f"{run.id}-neurons-{asked.language}-type{asked.type}")


@router.get("/jump", name="neurons:jump")
def jump(run: ScannedRun, to: Annotated[str, Query(max_length=60)] = "") -> RedirectResponse:
    """From a neuron's name to its page."""
    neuron = NeuronId.parse(to)
    service.check_neuron(run, neuron)
    return see_other(f"/runs/{run.id}/neurons/{neuron.layer}/{neuron.index}")


@router.get("/{layer}/{index}.csv", name="neurons:examples")
def examples(run: ScannedRun, arrays: Arrays, layer: Place, index: Place) -> StreamingResponse:
    """The stored examples of a neuron."""
    found = detail.read_neuron(run, arrays, NeuronId(layer, index))
    return _download(exports.examples_csv(found), "csv", f"{run.id}-L{layer}-{index}-examples")


@router.get("/{layer}/{index}", name="neurons:page")
def neuron(run: ScannedRun, arrays: Arrays, layer: Place, index: Place, query: AskedNeuron, view: Page) -> HTMLResponse:
    """A neuron: what it is, and what it does on text."""
    found = detail.read_neuron(run, arrays, NeuronId(layer, index))
    shown = neuron_view(run, found, query, detail.layer_counts(run, arrays))
    ask = partial(query_string, query)
    return view.page(
        "neurons/page.html", state=query, run=run, neuron=found, view=shown, query=query, ask=ask, profiles=PROFILES
    )


def _download(pieces: Iterable[bytes], form: exports.Format, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingResponse(pieces, media_type=exports.MEDIA[form], headers=headers)
