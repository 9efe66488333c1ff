"""A run's figures, all or one of them, frozen for a share link."""

from markupsafe import Markup

from app.db.exports import layer_table
from app.db.provenance import run_provenance
from app.db.runs import FinishedRun
from app.figures.card import Card, drawing_card
from app.figures.figure import Figure, inline
from app.figures.style import palette_size
from app.overview.api import figure_answer
from app.overview.service import all_figures, figure
from app.overview.source import FigureQuery, Source
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import csv_text

STYLES = ("overview.css",)
ROWS = 150  # of a figure's numbers in the page; the JSON has all


def share_run(place: Place) -> SharedView:
    """What a run found: its languages and every figure. Raises as the run's page does."""
    source = _source(place)
    run, (drawn, missing) = source.run, all_figures(source)
    first = drawn[0].panels[:3] if drawn else ()
    table = layer_table(place.session, run.id)
    return SharedView(
        kind="run",
        address=f"/runs/{run.id}{'/figures' + query_string(source.query) if query_string(source.query) else ''}",
        title=run.name,
        summary=_sentence(run),
        body=_body(place, source, drawn, missing, whole=True),
        data={
            "run": {"id": run.id, "name": run.name, "spec": run.spec.model_dump(mode="json"),
                    "summary": run.summary.model_dump(mode="json")},
            "figures": [figure_answer(one).model_dump(mode="json") for one in drawn],
        },
        table=csv_text(table.column_names, (tuple(row.values()) for row in table.to_pylist())),
        provenance=run_provenance(run),
        preview=drawing_card(_card(run, run.name), first),
        styles=STYLES,
        texts=(f"the names of the run (“{run.name}”) and of its corpus (“{run.corpus.name}”)",),
    )  # fmt: skip


def share_figure(place: Place) -> SharedView:
    """One figure with its caption and numbers. Raises NotFound for one the run does not have."""
    source = _source(place)
    drawn = figure(source, place.parameters["name"])
    run = source.run
    return SharedView(
        kind="figure",
        address=f"/runs/{run.id}/figures{query_string(source.query)}#figure-{drawn.name}",
        title=f"{drawn.title}: {run.name}",
        summary=drawn.caption,
        body=_body(place, source, [drawn], [], whole=False),
        data={"run": {"id": run.id, "name": run.name}, "figure": figure_answer(drawn).model_dump(mode="json")},
        table=csv_text(drawn.table.columns, drawn.table.rows),
        provenance=run_provenance(run),
        preview=drawing_card(_card(run, drawn.title), drawn.panels[: drawn.columns]),
        styles=STYLES,
        texts=(f"the name of the run, “{run.name}”",),
    )


def _source(place: Place) -> Source:
    return Source.open(place.session, place.cache, place.parameters["run_id"], place.asked(FigureQuery))


def _body(place: Place, source: Source, drawn: list[Figure], missing: list[str], *, whole: bool) -> Markup:
    return place.render(
        "overview/_shared.html", run=source.run, figures=drawn, missing=missing, whole=whole, inline=inline, rows=ROWS,
        palette=palette_size(len(source.run.languages)),
    )  # fmt: skip


def _sentence(run: FinishedRun) -> str:
    spoken = ", ".join(language.name for language in run.languages)
    return f"Where {run.model.name} keeps {spoken}: {run.summary.layers} layers, read on {run.corpus.name}."


def _card(run: FinishedRun, title: str) -> Card:
    spoken = " · ".join(run.spec.all_languages)
    found = run_provenance(run)
    return Card(title, f"{run.model.name} on {run.corpus.name} · {spoken}", found.model_at, len(run.languages))


SHARERS = (
    Sharer("run", pattern("{run}(/figures)?"), share_run),
    Sharer("figure", pattern(r"{run}/figures/(?P<name>[a-z_-]{1,40})"), share_figure),
)
