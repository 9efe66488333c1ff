"""Experiments as files: the result as JSON and CSV, its figures as SVG, PNG, CSV and JSON."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.db.arrays import ArrayStore
from app.errors import NotFound
from app.experiments.deps import Answer
from app.experiments.kind import Kind, Shown
from app.experiments.service import find_experiment
from app.figures.figure import Figure, standalone
from app.figures.raster import png
from app.figures.style import Theme
from app.web.deps import Db
from app.web.tabular import Cell, csv_pieces

router = APIRouter(prefix="/experiments")


@router.get("/{experiment_id}.json", name="experiments:json")
def result_json(answer: Answer) -> JSONResponse:
    """What was asked and what came out."""
    row = answer[1].experiment.row
    return JSONResponse({"id": row.id, "kind": row.kind, "name": row.name, "status": row.status, "spec": row.spec,
                         "result": row.result})  # fmt: skip


@router.get("/{experiment_id}.csv", name="experiments:csv")
def result_csv(answer: Answer) -> StreamingResponse:
    """The numbers of the result."""
    kind, shown = answer
    header, rows = kind.table(shown)
    # Read now: the rows ask the database, and the session is closed before the answer is sent.
    return _csv(header, [*rows], f"{shown.experiment.id}.csv")


@router.get("/{experiment_id}/files/{name}", name="experiments:file")
def result_file(experiment_id: str, name: str, db: Db) -> Response:
    """A file that the experiment's job wrote: the bytes of its array `file/<name>`. Raises NotFound."""
    data = ArrayStore(db).get(find_experiment(db, experiment_id).id, f"file/{name}")
    return Response(
        data.tobytes(),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/{experiment_id}/figures/{name}.svg", name="experiments:svg")
def figure_svg(name: str, answer: Answer, theme: Theme = "light") -> Response:
    """A figure as an SVG file that stands alone."""
    return Response(standalone(_figure(*answer, name), theme), media_type="image/svg+xml",
                    headers=_named(answer, name, "svg"))  # fmt: skip


@router.get("/{experiment_id}/figures/{name}.png", name="experiments:png")
def figure_png(name: str, answer: Answer, theme: Theme = "light") -> Response:
    """A figure as a PNG file of about 300 dpi."""
    return Response(png(standalone(_figure(*answer, name), theme)), media_type="image/png",
                    headers=_named(answer, name, "png"))  # fmt: skip


@router.get("/{experiment_id}/figures/{name}.csv", name="experiments:figure_csv")
def figure_csv(name: str, answer: Answer) -> StreamingResponse:
    """The numbers behind a figure."""
    table = _figure(*answer, name).table
    return _csv(table.columns, table.rows, f"{answer[1].experiment.id}-{name}.csv")


@router.get("/{experiment_id}/figures/{name}.json", name="experiments:figure_json")
def figure_json(name: str, answer: Answer) -> JSONResponse:
    """The numbers behind a figure, its title and its caption."""
    drawn = _figure(*answer, name)
    rows = [[_finite(cell) for cell in row] for row in drawn.table.rows]
    return JSONResponse({"name": name, "title": drawn.title, "caption": drawn.caption,
                         "columns": drawn.table.columns, "rows": rows})  # fmt: skip


def _figure(kind: Kind, shown: Shown, name: str) -> Figure:
    figures = {one.name: one for one in kind.figures(shown)}
    if name not in figures:
        raise NotFound(f"This experiment has no figure “{name[:40]}”. It has: {', '.join(figures) or 'none'}.")
    return figures[name]


def _csv(header: Any, rows: Any, name: str) -> StreamingResponse:
    return StreamingResponse(csv_pieces(header, rows), media_type="text/csv; charset=utf-8",
                             headers={"Content-Disposition": f'attachment; filename="{name}"'})  # fmt: skip


def _finite(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and cell - cell != 0 else cell


def _named(answer: tuple[Kind, Shown], name: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'inline; filename="{answer[1].experiment.id}-{name}.{ending}"'}
