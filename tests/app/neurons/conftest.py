"""One run for all tests of the neurons: with ties, missing values, infinities and both zeros in its columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.main import create_app
from app.neurons.columns import TableQuery
from app.neurons.orders import OrderCache
from app.neurons.service import TablePage, neuron_table
from app.neurons.source import RunArrays
from app.settings import Settings
from app.web.cache import ArrayCache
from tests.conftest import NewDatabase
from tests.support.synthetic_run import write_synthetic_run

LAYERS, NEURONS = 5, 40
LANGUAGES = ("ja", "ar", "hi", "th")
AWKWARD = (names.SCORE, names.SCORE_CONTRAST, names.ACTIVATION_MEAN, names.ETA2)


@dataclass(frozen=True)
class Scanned:
    """An app with a finished run."""

    app: FastAPI
    run: str

    def table(self, orders: OrderCache | None = None, **asked: object) -> TablePage:
        """A page of the table as the service gives it."""
        with self.app.state.sessions() as session:
            return table_in(session, self.run, orders or OrderCache(1_000_000), asked)

    def hostile(self) -> str:
        """The address of a neuron whose examples hold joined emoji, a bidi override, controls and markup."""
        return f"/runs/{self.run}/neurons/0/{self.array(names.DETAIL_NEURONS.format(layer=0))[1]}"

    def array(self, name: str) -> np.ndarray:
        """An array of the run."""
        with self.app.state.sessions() as session:
            return ArrayStore(session).get(self.run, name)


def table_in(session: Session, run_id: str, orders: OrderCache, asked: dict[str, object]) -> TablePage:
    """A page of the table as the service gives it within this session."""
    run = finished_run(session, run_id)
    return neuron_table(run, RunArrays(session, ArrayCache(1_000_000), run), orders, TableQuery.model_validate(asked))


@pytest.fixture(scope="session")
def scanned(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    app = create_app(Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data")))
    with app.state.sessions.begin() as session:
        run = write_synthetic_run(session, layers=LAYERS, neurons=NEURONS, languages=LANGUAGES, detail=6)
        store, random = ArrayStore(session), np.random.default_rng(3)
        spoken = ("en", *LANGUAGES)
        keys = {name.format(type=kind, language=one) for name in AWKWARD for one in spoken for kind in (1, 2)}
        for key in sorted(keys):
            if store.entry(run, key) is not None:
                store.put(run, key, awkward(store.get(run, key), random))
    yield Scanned(app, run)
    app.state.engine.dispose()


def awkward(array: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The array with many ties, a tenth missing, an infinity and both zeros."""
    made: np.ndarray = (np.round(array / np.quantile(np.abs(array), 0.9) * 8) / 8).astype(np.float32)
    made[random.random(made.shape) < 0.1] = np.nan
    made[0, 0], made[0, 1], made[-1, -1], made[-1, 0] = np.inf, -np.inf, -0.0, 0.0
    return made


@pytest.fixture(scope="session")
def page(scanned: Scanned) -> Iterator[TestClient]:
    """Asks the app for pages; follows no redirects."""
    with TestClient(scanned.app, follow_redirects=False) as client:
        yield client
