"""A whole experiment with a task of one's own: the harness asks, the table is stored, no file is left."""

from pathlib import Path

import pytest

from app.contracts.evaluations import EvaluateResult
from app.contracts.harness import HarnessSpec
from app.contracts.ids import new_id
from app.contracts.interventions import Controls
from app.db.session import make_engine, make_sessions
from app.db.tables import Experiment
from app.jobs import InlineContext, run_inline
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.comparing import comparing_place
from tests.support.experiments import store_experiment
from tests.support.own_task import NAME, write_task
from worker.analyses.harness import HARNESS


@pytest.mark.filterwarnings("ignore")  # the harness and transformers warn of each other
def test_a_task_of_ones_own(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    tasks = write_task(tmp_path, [f"The {thing} is" for thing in ("cat", "dog", "sea")])
    place = comparing_place(make_sessions(make_engine(new_sqlite())), tmp_path / "model")
    settings = Settings(device="cpu", data_dir=tmp_path / "data", task_root=tasks)
    spec = HarnessSpec(
        experiment_id=new_id(), model_id=place.model_id, tasks=(NAME,), set_id=place.set_id, limit=None,
        controls=Controls(draws=1),
    )  # fmt: skip
    with place.sessions.begin() as session:
        store_experiment(session, spec)
    other = settings.scratch("another")
    other.mkdir(parents=True)
    run_inline(HARNESS, spec, place.sessions, InlineContext(settings, place.sessions, lambda *_: None))
    with place.sessions() as session:
        result = EvaluateResult.model_validate(session.get_one(Experiment, spec.experiment_id).result)
    assert result.parts == (NAME,)
    assert set(result.reported[NAME]) == {"normal", "set", "control 0"}
    assert all(set(numbers) >= {"acc,none"} for numbers in result.reported[NAME].values())
    assert list(settings.scratch("x").parent.iterdir()) == [other]
