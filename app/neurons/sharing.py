"""The neuron table and a neuron's page, frozen for a share link."""

from collections.abc import Iterable

from app.contracts.ids import NeuronId
from app.db.provenance import run_provenance
from app.db.runs import FinishedRun, finished_run
from app.figures.card import Card, table_card
from app.neurons import detail, exports, service
from app.neurons.columns import COLUMNS, TableQuery
from app.neurons.contracts import Neuron, NeuronRow
from app.neurons.orders import OrderCache
from app.neurons.source import RunArrays
from app.neurons.view import PROFILES, NeuronQuery, neuron_view, number_cells
from app.text.languages import language
from app.web.formatting import significant
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import csv_text

STYLES = ("neurons.css",)
SHOWN = ("score", "loo", "contrast", "eta2", "positive")  # columns of the picture


def sharers(orders: OrderCache) -> tuple[Sharer, ...]:
    """The table sorts with the orders that its pages keep."""
    return (
        Sharer("neurons", pattern("{run}/neurons"), lambda place: share_table(place, orders)),
        Sharer("neuron", pattern(r"{run}/neurons/(?P<layer>\d{1,7})/(?P<index>\d{1,7})"), share_neuron),
    )


def share_table(place: Place, orders: OrderCache) -> SharedView:
    """The page of the table that the address names, with its filter and order. Raises as the page does."""
    run, arrays = _opened(place)
    asked = place.asked(TableQuery)
    page = service.neuron_table(run, arrays, orders, asked)
    layers, query = service.layers_of(run, page.query), page.query
    spoken = language(query.language).name
    rows = [row.model_dump() for row in page.rows]
    between = f"rows {page.rows[0].place:,} to {page.rows[-1].place:,} of {page.total:,}" if page.rows else "no rows"
    words = f"Type-{query.type} scores of {spoken}, {between}, by {_column(query.sort)}"
    return SharedView(
        kind="neurons",
        address=f"/runs/{run.id}/neurons{query_string(asked)}",
        title=f"{spoken} Type-{query.type} neurons: {run.name}",
        summary=f"{words}; {run.model.name} on {run.corpus.name}.",
        body=place.render("neurons/_shared_table.html", run=run, page=page, query=query, columns=COLUMNS, layers=layers,
                          cells=number_cells),
        data={"run": {"id": run.id, "name": run.name}, "query": asked.model_dump(), "total": page.total, "rows": rows},
        table=csv_text(tuple(NeuronRow.model_fields), (tuple(_cell(value) for value in row.values()) for row in rows)),
        provenance=run_provenance(run),
        preview=table_card(
            _card(run, f"{spoken}: Type-{query.type} neurons", words), ("neuron", *(_column(key) for key in SHOWN)),
            [(row.name, *(significant(getattr(row, key)) for key in SHOWN)) for row in page.rows],
        ),
        styles=STYLES,
        texts=(f"the name of the run, “{run.name}”",),
    )  # fmt: skip


def share_neuron(place: Place) -> SharedView:
    """All that is known of one neuron. Raises NotFound for one the model does not have."""
    run, arrays = _opened(place)
    found = detail.read_neuron(run, arrays, NeuronId(int(place.parameters["layer"]), int(place.parameters["index"])))
    query = place.asked(NeuronQuery)
    view = neuron_view(run, found, query, detail.layer_counts(run, arrays))
    examples = sum(len(texts.examples) for texts in view.texts)
    best = view.best
    known = f"best as Type-{best.type} of {language(best.language).name}, rank {best.rank:,}" if best else "no rank"
    return SharedView(
        kind="neuron",
        address=f"/runs/{run.id}/neurons/{found.layer}/{found.neuron}{query_string(query)}",
        title=f"{found.name} of {run.model.name}",
        summary=f"Neuron {found.name} of {run.model.name}: {known}; measured on {run.corpus.name}.",
        body=place.render(
            "neurons/_shared_neuron.html", run=run, neuron=found, view=view, query=query, profiles=PROFILES,
            base="", url=_nowhere, ask=_nowhere,
        ),
        data={"run": {"id": run.id, "name": run.name}, "neuron": found.model_dump(mode="json")},
        table=b"".join(exports.examples_csv(found)).decode(),
        provenance=run_provenance(run),
        preview=table_card(
            _card(run, found.name, known), ("language", "share > 0", "mean activation", "sd", "η²"),
            [(language(one.language).endonym, *map(significant, (one.positive, one.mean, one.sd, one.eta2)))
             for one in found.activity],
        ),
        styles=STYLES,
        texts=tuple(_texts(run, found, examples)),
    )  # fmt: skip


def _nowhere(**_: object) -> str:
    """Links of the live parts; they are taken out."""
    return ""


def _opened(place: Place) -> tuple[FinishedRun, RunArrays]:
    run = finished_run(place.session, place.parameters["run_id"])
    return run, RunArrays(place.session, place.cache, run)


def _texts(run: FinishedRun, neuron: Neuron, shown: int) -> Iterable[str]:
    yield f"the name of the run, “{run.name}”"
    stored = len(neuron.detail.examples) if neuron.detail else 0
    if stored:
        yield f"{shown} sentences of the corpus “{run.corpus.name}” on the page, {stored} in its files"


def _card(run: FinishedRun, title: str, words: str) -> Card:
    found = run_provenance(run)
    return Card(title, words, found.model_at, len(run.languages))


def _column(key: str) -> str:
    return next(column.title for column in COLUMNS if column.key == key)


def _cell(value: object) -> str | int | float | None:
    return value if isinstance(value, str | int | float) or value is None else str(value)
