"""Workers for tests: started for one test, or once for a module whose tests do them no harm."""

from collections.abc import Iterator

import pytest

from tests.conftest import NewDatabase
from tests.support.toy_workers import Workers


@pytest.fixture
def workers(database_url: str) -> Iterator[Workers]:
    """No worker yet; the test starts them, and may kill them."""
    workers = Workers(database_url)
    yield workers
    workers.end()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def one_worker(request: pytest.FixtureRequest) -> Iterator[Workers]:
    """A worker that a whole module's tests use, one after the other."""
    new: NewDatabase = request.getfixturevalue(f"new_{request.param}")
    workers = Workers(new())
    workers.start()
    yield workers
    workers.end()
