"""Fine-tuning a set on pages: the form, the answer with its figure and files."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.contracts.finetuning import DELTA_FILE, FineTuneResult, Perplexity, TrainedCondition
from app.contracts.sets import PickedOrigin
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment, Model, Run
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.synthetic_run import write_synthetic_run

SET = np.array([[0, 3], [4, 9]], np.int32)


@dataclass(frozen=True)
class Tuned:
    app: FastAPI
    client: TestClient
    run: str
    set: str
    languages: tuple[str, ...]


@pytest.fixture(scope="module")
def tuned(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuned]:
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data")))
    with app.state.sessions.begin() as session:
        run = write_synthetic_run(session, seed=1, layers=5, neurons=60, hidden=16, sentences_per_language=12, detail=3)
        row = session.get_one(Run, run)
        model = session.get_one(Model, row.model_id)
        if model.card is None:
            assert row.summary is not None
            model.card = row.summary["card"]
        chosen = store_set(session, model, NewSet("two", SET, PickedOrigin()), utc_now()).id
        languages = (row.spec["pivot"], *row.spec["languages"])
    with TestClient(app) as client:
        yield Tuned(app, client, run, chosen, languages)


def trained(condition: str, languages: tuple[str, ...], gain: float) -> TrainedCondition:
    return TrainedCondition(
        condition="set" if condition == "set" else "random",
        neurons=2,
        parameters=32,
        loss=(3.0, 2.0),
        languages=tuple(
            Perplexity(
                language=one, sentences=9, tokens=90, before=3.0, after=3.0 - gain, low=-gain - 0.1, high=0.1 - gain
            )
            for one in languages
        ),
        change=0.25,
    )


def test_from_the_form_to_the_answer_and_its_files(tuned: Tuned) -> None:
    form = tuned.client.get(f"/experiments/new/finetune?run={tuned.run}&set={tuned.set}")
    assert form.status_code == 200
    assert "two (2 neurons)" in form.text
    missing = tuned.client.post("/experiments/finetune", data={"run": tuned.run})
    assert missing.status_code == 422
    assert "Choose a neuron set" in missing.text
    started = tuned.client.post(
        "/experiments/finetune", data={"run": tuned.run, "set": tuned.set, "rate": "0.01"}, follow_redirects=False
    )
    assert started.status_code == 303
    address = started.headers["location"]
    experiment = address.rsplit("/", 1)[1]
    with tuned.app.state.sessions.begin() as session:
        row = session.get_one(Experiment, experiment)
        assert row.spec["rate"] == 0.01
        assert row.spec["languages"] == list(tuned.languages)
        conditions = (trained("set", tuned.languages, 0.5), trained("random", tuned.languages, 0.1))
        row.result = FineTuneResult(
            conditions=conditions, steps=200, recipe={"down_projection": "mlp.down_proj"}, seconds=3
        ).model_dump(mode="json")
        row.status = "complete"
        ArrayStore(session).put(experiment, DELTA_FILE.format(condition="set"), np.frombuffer(b"bytes", np.uint8))
    page = tuned.client.get(address).text
    assert "−0.500 nats per token" in page
    assert "the intervals do not touch" in page
    assert page.count("<svg") >= 1
    file = tuned.client.get(f"{address}/files/delta-set.safetensors")
    assert file.content == b"bytes"
    assert tuned.client.get(f"{address}/files/other").status_code == 404
    rows = tuned.client.get(f"{address}.csv").text.splitlines()
    assert len(rows) == 1 + 2 * len(tuned.languages)
    assert tuned.client.get(f"{address}/figures/change.svg").status_code == 200
