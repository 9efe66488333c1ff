"""The figures and the layer metrics of a run as JSON."""

import math
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.db.exports import layer_table
from app.figures.figure import Cell, Figure
from app.overview.service import all_figures, figure
from app.overview.source import FigureQuery, Source
from app.web.deps import Cache, Db

router = APIRouter(prefix="/runs/{run_id}", tags=["figures"])
Asked = Annotated[FigureQuery, Query()]


class FigureAnswer(BaseModel):
    """The numbers behind a figure."""

    name: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...] = Field(description="null where a number is not defined")


class FiguresAnswer(BaseModel):
    """Every figure of a run, and why some could not be drawn."""

    figures: tuple[FigureAnswer, ...]
    missing: tuple[str, ...]


class LayersAnswer(BaseModel):
    """The layer metrics: a row a level and language. Level 0 is the embedding, level l + 1 the output of layer l."""

    rows: tuple[dict[str, str | int | float | None], ...]


def figure_answer(drawn: Figure) -> FigureAnswer:
    """A figure without its drawing."""
    rows = tuple(tuple(_plain(cell) for cell in row) for row in drawn.table.rows)
    return FigureAnswer(
        name=drawn.name, title=drawn.title, caption=drawn.caption, columns=drawn.table.columns, rows=rows
    )


@router.get("/figures", name="api:figures")
def figures(run_id: str, query: Asked, session: Db, cache: Cache) -> FiguresAnswer:
    """The numbers behind every figure."""
    drawn, missing = all_figures(Source.open(session, cache, run_id, query))
    return FiguresAnswer(figures=tuple(figure_answer(one) for one in drawn), missing=tuple(missing))


@router.get("/figures/{name}", name="api:figure")
def one_figure(run_id: str, name: str, query: Asked, session: Db, cache: Cache) -> FigureAnswer:
    """The numbers behind one figure."""
    return figure_answer(figure(Source.open(session, cache, run_id, query), name))


@router.get("/layers", name="api:layers")
def layers(run_id: str, session: Db) -> LayersAnswer:
    """The layer metrics of a run."""
    rows = layer_table(session, run_id).to_pylist()
    return LayersAnswer(rows=tuple({key: _plain(value) for key, value in row.items()} for row in rows))


def _plain(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value
