"""A kind of experiment made for tests, on top of the spec of comparisons, with its templates."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jinja2 import ChoiceLoader, DictLoader
from pydantic import BaseModel, Field

from app.contracts.comparisons import CompareSpec
from app.db.runs import finished_run
from app.errors import BadInput
from app.experiments.kind import Desk, Kind, Shown, Table, Wanted
from app.experiments.kinds import get_kinds
from app.figures.figure import Figure, Panel
from app.figures.figure import Table as Numbers
from app.figures.svg import text

TEMPLATES = {
    "experiments/compare/_form.html": '<input name="words" value="{{ form.words }}"><p>asked of {{ run.name }}</p>',
    "experiments/compare/_result.html": '{% from "experiments/_figure.html" import figure %}'
    "<p>level {{ state.level }}, said {{ said }}</p>{{ figure(experiment, figures.counts, inline, '?level=2') }}",
}


class ToyForm(BaseModel):
    """Fields of the form."""

    run: str = ""
    words: str = ""
    draws: int = Field(5, ge=0, le=100, title="Random draws")


class ToyState(BaseModel):
    """State of the page."""

    level: int = 1


def specify(desk: Desk, form: ToyForm, experiment_id: str) -> Wanted:
    run = finished_run(desk.session, form.run)
    if not form.words:
        raise BadInput("Write some words.")
    spec = CompareSpec(experiment_id=experiment_id, model_id=run.model.id, set_id="s", prompt=form.words)
    return Wanted(spec, f"Toy of {run.name}", run.model.id, run.id, seconds=90, costs=(("Reads", "3 words"),))


def figures(shown: Shown) -> list[Figure]:
    level = shown.state.model_dump()["level"]
    rows = (("en", 3, 0.5), ("ja", level, float("nan")))
    panel = Panel(40, 20, text(1, 10, "drawn"), "counts")
    return [Figure("counts", "Counts <of words>", "n = 3", (panel,), 1, Numbers(("language", "n", "share"), rows), 2)]


def table(shown: Shown) -> Table:
    return ("word", "n"), [("a", shown.result["said"]), ("=b", 2)]


def show(shown: Shown) -> dict[str, Any]:
    return {"said": shown.result["said"]}


TOY = Kind("compare", "Toy question", "What is it?", ToyForm, specify, table, show, figures=figures, state=ToyState)


def toys() -> Mapping[str, Kind]:
    return {"compare": TOY}


@pytest.fixture
def toy(app: FastAPI, client: TestClient) -> Iterator[TestClient]:
    """A client of an app that knows the toy kind alone."""
    environment = app.state.templates
    environment.loader = ChoiceLoader([DictLoader(TEMPLATES), environment.loader])
    app.dependency_overrides[get_kinds] = toys
    yield client
    app.dependency_overrides.clear()
