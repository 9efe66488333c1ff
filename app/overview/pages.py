"""The figures' page and files, and the layer metrics as files."""

from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from app.db.exports import layer_table
from app.figures.figure import Figure, inline, standalone
from app.figures.raster import png
from app.figures.style import Theme, palette_size
from app.overview.api import figure_answer
from app.overview.service import all_figures, figure
from app.overview.source import FigureQuery, Source
from app.web.deps import Cache, Db, Page
from app.web.state import query_string
from app.web.tabular import csv_pieces

router = APIRouter(prefix="/runs/{run_id}")
ROWS = 150  # of a table in the page; the file has all


class DrawnQuery(FigureQuery):
    """The state of a figure and the paper it is drawn on."""

    theme: Theme = "light"


def get_source(run_id: str, query: Annotated[DrawnQuery, Query()], session: Db, cache: Cache) -> Source:
    """What this request's figures are drawn from."""
    return Source.open(session, cache, run_id, query)


Opened = Annotated[Source, Depends(get_source)]
Asked = Annotated[DrawnQuery, Query()]


@router.get("/figures", name="overview:figures")
def figures(source: Opened, query: Asked, view: Page) -> HTMLResponse:
    """Every figure with its caption, its files and the table behind it."""
    drawn, missing = all_figures(source)
    return view.page(
        "overview/page.html",
        state=query,
        run=source.run,
        source=source,
        figures=drawn,
        missing=missing,
        inline=inline,
        rows=ROWS,
        palette=palette_size(len(source.run.languages)),
        query_string=lambda **changes: query_string(query, **changes),
        toggled=lambda code: _toggled(source, code),
    )


@router.get("/figures/{name}.svg", name="overview:svg")
def figure_svg(name: str, source: Opened, query: Asked) -> Response:
    """A figure as an SVG file that stands alone."""
    return Response(standalone(figure(source, name), query.theme), media_type="image/svg+xml",
                    headers=_named(source, name, "svg"))  # fmt: skip


@router.get("/figures/{name}.png", name="overview:png")
def figure_png(name: str, source: Opened, query: Asked) -> Response:
    """A figure as a PNG file of about 300 dpi."""
    return Response(png(standalone(figure(source, name), query.theme)), media_type="image/png",
                    headers=_named(source, name, "png"))  # fmt: skip


@router.get("/figures/{name}.csv", name="overview:csv")
def figure_csv(name: str, source: Opened) -> StreamingResponse:
    """The numbers behind a figure."""
    table = figure(source, name).table
    return StreamingResponse(csv_pieces(table.columns, table.rows), media_type="text/csv; charset=utf-8",
                             headers=_named(source, name, "csv"))  # fmt: skip


@router.get("/figures/{name}.json", name="overview:json")
def figure_json(name: str, source: Opened) -> JSONResponse:
    """The numbers behind a figure, its title and its caption."""
    drawn: Figure = figure(source, name)
    return JSONResponse(figure_answer(drawn).model_dump(mode="json"))


@router.get("/layers.csv", name="overview:layers_csv")
def layers_csv(run_id: str, session: Db) -> StreamingResponse:
    """The layer metrics: a row a level and language."""
    table = layer_table(session, run_id)
    rows = (tuple(row.values()) for row in table.to_pylist())
    return StreamingResponse(csv_pieces(table.column_names, rows), media_type="text/csv; charset=utf-8",
                             headers=_file(f"{run_id}-layers.csv"))  # fmt: skip


@router.get("/layers.parquet", name="overview:layers_parquet")
def layers_parquet(run_id: str, session: Db) -> Response:
    """The layer metrics as Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(layer_table(session, run_id), sink, compression="zstd")
    return Response(sink.getvalue().to_pybytes(), media_type="application/vnd.apache.parquet",
                    headers=_file(f"{run_id}-layers.parquet"))  # fmt: skip


@router.get("/layers.json", name="overview:layers_json")
def layers_json(run_id: str, session: Db) -> JSONResponse:
    """The layer metrics as a list of rows."""
    rows = layer_table(session, run_id).to_pylist()
    return JSONResponse([{key: finite(value) for key, value in row.items()} for row in rows])


def finite(value: float | str | int | None) -> float | str | int | None:
    """The value; None for what JSON cannot say."""
    return None if isinstance(value, float) and value != value else value


def _toggled(source: Source, code: str) -> str | None:
    codes = source.run.spec.languages
    lit = [one for one in codes if (one in (source.highlighted or codes)) != (one == code)]
    return None if len(lit) in (0, len(codes)) else ".".join(lit)


def _named(source: Source, name: str, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'inline; filename="{source.run.id}-{name}.{ending}"'}


def _file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
