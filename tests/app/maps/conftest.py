"""One finished run for all tests of the map; Postgres and SQLite are told apart by the tests of storage."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.db.arrays import ArrayStore
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.synthetic_geometry import write_synthetic_geometry
from tests.support.synthetic_run import write_synthetic_run


@dataclass(frozen=True)
class Mapped:
    """A client of an app with a finished run."""

    client: TestClient
    run: str
    arrays: dict[str, np.ndarray]

    def get(self, path: str, status: int = 200, /, **query: str | int):
        """The answer at an address of the run."""
        answer = self.client.get(f"/runs/{self.run}{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer

    def json(self, path: str, status: int = 200, /, **query: str | int):
        """The answer at an address of the run under /api."""
        answer = self.client.get(f"/api/runs/{self.run}{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture(scope="package")
def mapped(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapped]:
    settings = Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data"))
    app = create_app(settings)
    with app.state.sessions.begin() as session:
        run = write_synthetic_run(session, layers=4, neurons=24, hidden=16, sentences_per_language=30, detail=3)
        store = ArrayStore(session)
        arrays = {name: store.get(run, name) for name in store.names(run) if name.startswith(("map/", "reduced/"))}
        store.delete(run, "map/umap/3")
        write_synthetic_geometry(session, run)
        write_synthetic_geometry(session, run, experiment="overlaid0002", name="Turned", turned=True)
        write_synthetic_geometry(session, run, experiment="overlaid0003", name="Without a map", mapped=None)
        write_synthetic_geometry(session, run, experiment="overlaid0004", name="Far", step=0.25)
    with TestClient(app, follow_redirects=False) as client:
        yield Mapped(client, run, arrays)
