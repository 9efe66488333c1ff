"""Runs and sets that the tests of sets look at."""

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.db.runs import find_run
from tests.support.synthetic_run import write_synthetic_run


@dataclass(frozen=True)
class Place:
    """A finished run of 3 layers of 24 neurons, its model, and a model of another shape with its run."""

    run: str
    model: str
    other_run: str
    other_model: str


@pytest.fixture
def place(sessions: sessionmaker[Session]) -> Place:
    with sessions.begin() as session:
        run = write_synthetic_run(session, layers=3, neurons=24, hidden=8, scores_only=True)
        other = write_synthetic_run(session, layers=4, neurons=24, hidden=8, scores_only=True, name="Other run")
        return Place(run, find_run(session, run).model.id, other, find_run(session, other).model.id)
