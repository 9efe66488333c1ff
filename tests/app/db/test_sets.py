"""Neuron sets as features read them: what is stored comes back, and versions follow one another."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.sets import PickedOrigin, TopOrigin
from app.db.runs import find_run
from app.db.sets import (
    NewSet,
    experiments_with,
    find_set,
    list_sets,
    model_shape,
    sets_of_model,
    sets_of_shape,
    store_set,
    stored_once,
    versions_of,
)
from app.db.tables import Experiment, ExperimentSet, Model
from app.errors import BadInput, Conflict, NotFound
from tests.support.synthetic_run import write_synthetic_run

MOMENT = datetime(2026, 11, 3, tzinfo=UTC)


def made(session: Session, layers: int = 3) -> Model:
    run = write_synthetic_run(session, layers=layers, neurons=24, hidden=8, scores_only=True)
    return find_run(session, run).model


def new(*pairs: tuple[int, int], name: str = "Mine") -> NewSet:
    return NewSet(name, np.array(pairs, np.int32).reshape(-1, 2), PickedOrigin())


def test_a_set_comes_back(session: Session) -> None:
    model = made(session)
    origin = TopOrigin(run_id="abc", language="ja", type=2, count=2)
    row = store_set(session, model, NewSet(" Mine ", np.array([[0, 3], [2, 23]]), origin), MOMENT)
    session.commit()
    session.expire_all()
    found = find_set(session, row.id)
    assert (found.title, found.row.version, found.row.size) == ("Mine", 1, 2)
    assert (found.row.layers, found.row.neurons) == model_shape(model) == (3, 24)
    assert found.neurons.tolist() == [[0, 3], [2, 23]]
    assert found.neurons.dtype == np.int32
    assert found.per_layer().tolist() == [1, 0, 1]
    assert found.origin == origin
    assert found.model.id == model.id


def test_versions_of_a_family_and_the_newest_of_each(session: Session) -> None:
    model, other = made(session), made(session, layers=4)
    first = store_set(session, model, new((0, 1)), MOMENT)
    alone = store_set(session, other, new((3, 1), name="Other"), MOMENT + timedelta(seconds=1))
    second = store_set(session, model, new((0, 2)), MOMENT + timedelta(seconds=2), after=first)
    third = store_set(session, model, new((0, 3)), MOMENT + timedelta(seconds=3), after=first)
    session.commit()
    assert [row.version for row in versions_of(session, first.family)] == [1, 2, 3]
    assert {row.family for row in (first, second, third)} == {first.id}
    assert find_set(session, third.id).title == "Mine · version 3"
    assert [row.id for row in list_sets(session)] == [third.id, alone.id]
    assert [row.id for row in sets_of_model(session, model.id)] == [third.id]
    assert [row.id for row in sets_of_shape(session, 4, 24)] == [alone.id]
    assert find_set(session, first.id).neurons.tolist() == [[0, 1]]


def test_asking_for_the_same_set_again_makes_no_second(session: Session) -> None:
    model = made(session)
    first = stored_once(session, model, new((0, 1)), MOMENT)
    assert stored_once(session, model, new((0, 1), name=" Mine "), MOMENT) is first
    others = (new((0, 2)), new((0, 1), name="Yours"), NewSet("Mine", new((0, 1)).neurons, PickedOrigin(run_id="r")))
    assert len({first.id, *(stored_once(session, model, one, MOMENT).id for one in others)}) == 4


def test_two_next_versions_at_once_get_two_numbers(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        first = store_set(session, made(session), new((0, 1)), MOMENT)
    writing = Event()

    def store_another() -> int:
        with sessions.begin() as session:
            event.listen(session.connection(), "before_cursor_execute", tell)
            return store_set(session, session.get_one(Model, first.model_id), new((0, 3)), MOMENT, after=first).version

    def tell(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("SELECT"):
            writing.set()  # what it reads before it waits, it has read

    with ThreadPoolExecutor(1) as other, sessions() as session:
        second = store_set(session, session.get_one(Model, first.model_id), new((0, 2)), MOMENT, after=first)
        third = other.submit(store_another)
        assert writing.wait(20)
        session.commit()
        assert (second.version, third.result(20)) == (2, 3)


def test_where_a_set_is_used(session: Session) -> None:
    model = made(session)
    used, unused = store_set(session, model, new((0, 1)), MOMENT), store_set(session, model, new((0, 2)), MOMENT)
    experiment = Experiment(
        id="e1", kind="compare", name="One", model_id=model.id, job_id="j", spec={}, status="queued", created=MOMENT
    )
    session.add(experiment)
    session.flush()
    session.add(ExperimentSet(experiment_id="e1", set_id=used.id))
    session.commit()
    assert [one.id for one in experiments_with(session, used.id)] == ["e1"]
    assert experiments_with(session, unused.id) == []


def test_what_is_refused(session: Session) -> None:
    model = made(session)
    with pytest.raises(BadInput, match="needs one at least"):
        store_set(session, model, new(), MOMENT)
    with pytest.raises(BadInput, match="layers 0–2 with the neurons 0–23 each"):
        store_set(session, model, new((0, 24)), MOMENT)
    with pytest.raises(BadInput, match="Give the set a name"):
        store_set(session, model, new((0, 1), name=" "), MOMENT)
    with pytest.raises(NotFound, match="no neuron set nothing"):
        find_set(session, "nothing")
    model.card = None
    with pytest.raises(Conflict, match="was not inspected yet"):
        store_set(session, model, new((0, 1)), MOMENT)
