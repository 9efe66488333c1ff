"""The answer of an evaluation: a table of languages (or tasks) by conditions, and the questions that flipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select

from app.contracts.evaluations import (
    CHANGED,
    ERRORS,
    EVERY_LANGUAGE,
    METRICS,
    NORMAL,
    Answer,
    Cell,
    EvaluateResult,
    Item,
)
from app.db.tables import EvaluationItem
from app.experiments.kind import Shown, Table
from app.web.tabular import Cell as CsvCell

SHOWN = 25
FIRST_CONTROL = "control 0"
PREFERRED = ("f1_fixed", "choice", "em", "f1")  # what is shown first


class AnswersState(BaseModel):
    """Which metric the table shows and in which order, and which questions are listed below it."""

    metric: str = Field("", max_length=60)
    sort: Literal["beyond", "drop", "normal", "part"] = "beyond"
    part: str = Field("", max_length=160)
    against: Literal["normal", "control"] = "normal"
    which: Literal["flipped", "lost", "won", "all"] = "flipped"
    page: int = Field(1, ge=1, le=1_000_000)


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with the answers of two conditions, and their scores by the metric that is shown."""

    number: int
    item: Item
    first: Answer
    second: Answer
    scores: tuple[float, float]


def answers_context(shown: Shown) -> dict[str, Any]:
    """What the page of the answer draws."""
    result, state = EvaluateResult.model_validate(shown.result), _state(shown)
    metric = main_metric(result, state)
    cells = sorted((cell for cell in result.cells if cell.metric == metric), key=lambda cell: _order(cell, state.sort))
    pairs = list(_pairs(shown, state, metric)) if state.part in result.parts and state.part != EVERY_LANGUAGE else []
    start = (state.page - 1) * SHOWN
    return {
        "answers": result,
        "metric": metric,
        "metric_titles": {name: METRICS.get(name, name) for name in result.metrics},
        "binary": any(cell.p is not None for cell in cells),
        "less_is_better": metric in ERRORS,
        "cells": cells,
        "beside": {(cell.part, cell.metric): cell for cell in result.cells if cell.metric in ERRORS},
        "pairs": pairs[start : start + SHOWN],
        "matching": len(pairs),
        "pages": max(-(-len(pairs) // SHOWN), 1),
        "thresholds": [row for row in result.thresholds if metric in ("f1", "f1_fixed")],
        "everything": EVERY_LANGUAGE,
        "asked_languages": result.parts,
    }


def answers_table(shown: Shown) -> Table:
    """Every metric of every language."""
    result = EvaluateResult.model_validate(shown.result)
    header = ["part", "metric", "n"]
    for name in ("normal", "changed", "control", "drop", "beyond"):
        header += [name, f"{name}_low", f"{name}_high"]
    return [*header, "p", "p_control"], (_row(cell) for cell in result.cells)


def _row(cell: Cell) -> list[CsvCell]:
    row: list[CsvCell] = [cell.part, cell.metric, cell.n]
    for rate in (cell.normal, cell.changed, cell.control, cell.drop, cell.beyond):
        row += [None, None, None] if rate is None else [rate.value, rate.low, rate.high]
    return [*row, cell.p, cell.p_control]


def _state(shown: Shown) -> AnswersState:
    return shown.state if isinstance(shown.state, AnswersState) else AnswersState()


def main_metric(result: EvaluateResult, state: AnswersState) -> str:
    """The metric asked for, else mended F1, choices or exact match, whichever there is."""
    if state.metric in result.metrics:
        return state.metric
    return next((name for name in PREFERRED if name in result.metrics), result.metrics[0])


def _order(cell: Cell, sort: str) -> tuple[bool, float, str]:
    """All together first, then the largest drop beyond control (or what is asked for), then by name."""
    by = {"beyond": cell.beyond or cell.drop, "drop": cell.drop, "normal": cell.normal}
    rate = by.get(sort)
    value = 0.0 if rate is None else -rate.value
    return (cell.part != EVERY_LANGUAGE, -value if cell.metric in ERRORS else value, cell.part)


def _pairs(shown: Shown, state: AnswersState, metric: str) -> Iterator[Pair]:
    """The questions of a part whose score differs between the set and what it is compared with, or all of them."""
    query = select(EvaluationItem).where(
        EvaluationItem.experiment_id == shown.experiment.id, EvaluationItem.part == state.part
    )
    other = NORMAL if state.against == "normal" else FIRST_CONTROL
    for row in shown.desk.session.scalars(query.order_by(EvaluationItem.number)):
        item = Item.model_validate(row.data)
        by_name = {answer.condition: answer for answer in item.answers}
        first = by_name.get(other, by_name[NORMAL])
        second = by_name.get(CHANGED, first)
        if metric not in first.scores or metric not in second.scores:
            continue
        scores = (first.scores[metric], second.scores[metric])
        if _listed(scores, state.which):
            yield Pair(row.number, item, first, second, scores)


def _listed(scores: tuple[float, float], which: str) -> bool:
    before, after = scores
    return {"flipped": before != after, "lost": before > after, "won": before < after}.get(which, True)
