"""Migrations: up, in step with the tables, down; also beside the job engine's own tables."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import URL, inspect

from app.db.migrate import configuration, pending, upgrade
from app.db.session import is_sqlite, make_engine
from app.db.tables import Base
from app.jobs.queue import prepare
from tests.conftest import address_of, administer


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a %20 folder' / 'empty.db'}"
    address: URL = request.getfixturevalue("postgres_address")
    name = f"empty_{uuid4().hex}"
    administer(address, f"CREATE DATABASE {name}")
    return address_of(address.set(database=name))


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_up_in_step_and_down(empty_url: str) -> None:
    assert "0001" in pending(empty_url)
    upgrade(empty_url)
    assert pending(empty_url) == ""
    assert tables(empty_url) >= set(Base.metadata.tables)
    command.check(configuration(empty_url))
    upgrade(empty_url)
    command.downgrade(configuration(empty_url), "base")
    assert tables(empty_url) == {"alembic_version"}


def test_the_engine_s_tables_beside_ours_are_left_alone(empty_url: str) -> None:
    engine = make_engine(empty_url)
    prepare(engine)
    upgrade(empty_url)
    command.check(configuration(empty_url))
    command.downgrade(configuration(empty_url), "base")
    upgrade(empty_url)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT 1 FROM {'' if is_sqlite(engine) else 'dbos.'}workflow_status")
    engine.dispose()


def test_processes_that_migrate_at_once_wait_for_each_other(empty_url: str) -> None:
    # Alembic keeps its context in a module, so only one may run in a process; the others are processes.
    code = "import sys; from app.db.migrate import upgrade; upgrade(sys.argv[1])"
    started = [subprocess.Popen([sys.executable, "-c", code, empty_url]) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert tables(empty_url) >= set(Base.metadata.tables)
