"""A paper report frozen for a share link."""

from collections.abc import Iterator

from app.db.provenance import run_provenance
from app.experiments.kind import Desk
from app.figures.card import Card, drawing_card
from app.figures.figure import inline
from app.reports.compose import Report, ReportQuery, companions, compose, named_tables, shown_runs
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import Cell, csv_text


def share_report(place: Place) -> SharedView:
    """Every figure and table there is by now. Raises NotFound for the run, Conflict while it has no numbers."""
    desk = Desk(place.session, place.cache)
    query = place.asked(ReportQuery)
    runs = shown_runs(companions(desk, place.parameters["run_id"]), query.preset)
    report = compose(desk, runs)
    run = report.columns[0].run
    came = run_provenance(run)
    drawn = [figure for column in report.columns for figure in column.figures.values()]
    return SharedView(
        kind="report",
        address=f"/runs/{place.parameters['run_id']}/report{query_string(query)}",
        title=f"Transfer neurons of {run.model.name}"[:300],
        summary="Every figure and table of Tezuka & Inoue (2025) for this model: "
        + " beside ".join(f"the {column.preset} preset" for column in report.columns) + ".",
        body=place.render("reports/_body.html", report=report, inline=inline),
        data={
            "runs": [{"id": one.id, "name": one.name, "spec": one.spec.model_dump(mode="json")} for one in runs],
            "tables": [
                {"name": name, "columns": table.columns, "rows": table.rows} for name, table in named_tables(report)
            ],
        },
        table=csv_text(("table", "row", "column", "value"), _long(report)),
        provenance=came,
        preview=drawing_card(
            Card(run.model.name, "Paper report", came.model_at, drawn[0].languages if drawn else 1),
            drawn[0].panels[:3] if drawn else (),
        ),
        styles=("overview.css", "experiments.css", "report.css"),
        texts=("the names of the runs and their corpus",),
    )  # fmt: skip


def _long(report: Report) -> Iterator[tuple[Cell, ...]]:
    """All tables as one: a row a cell."""
    for name, table in named_tables(report):
        for number, row in enumerate(table.rows):
            for column, value in zip(table.columns, row, strict=True):
                yield name, number, column, value


SHARERS = (Sharer("report", pattern("/runs/(?P<run_id>[a-z0-9]{12})/report"), share_report),)
