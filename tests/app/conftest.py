"""What tests of the web app share: the app on a fresh database of either kind, and a finished run in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.jobs.queue import JobQueue
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.synthetic_run import write_synthetic_run


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data_dir=tmp_path, max_upload_mb=1)


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    app = create_app(settings)
    yield app
    app.state.engine.dispose()  # a test that opens no client never ends the app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def reader(new_sqlite: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An empty app for tests that only look: one for all of a module, on SQLite."""
    settings = Settings(database_url=new_sqlite(), data_dir=tmp_path_factory.mktemp("data"), max_upload_mb=1)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield client


@pytest.fixture
def queue(app: FastAPI) -> JobQueue:
    found = app.state.queue
    assert isinstance(found, JobQueue)
    return found


@pytest.fixture
def finished(sessions: sessionmaker[Session]) -> str:
    """The id of a small finished run."""
    with sessions.begin() as session:
        return write_synthetic_run(session, layers=3, neurons=24, hidden=8, sentences_per_language=8, detail=4)
