"""Engines, sessions and the sentences their errors become."""

import errno
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from app.db.session import give_back_space, is_sqlite, make_engine, make_sessions, translated_errors, utc_now
from app.db.tables import Model
from app.errors import OutOfSpace, Unavailable


def model(name: str) -> Model:
    return Model(id=name, name=name, source="local", revision=None, status="queued", created=utc_now())


def test_a_moment_comes_back_aware(session: Session) -> None:
    stored = model("a")
    session.add(stored)
    session.commit()
    session.expire_all()
    assert session.get_one(Model, "a").created == stored.created
    assert stored.created.tzinfo is not None


def test_objects_stay_readable_after_the_session(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        stored = model("a")
        session.add(stored)
    assert stored.name == "a"


def test_a_session_that_was_closed_takes_no_other_connection(engine: Engine, sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        session.scalar(text("SELECT 1"))
    with pytest.raises(InvalidRequestError, match="closed"):
        session.scalar(text("SELECT 1"))
    assert "Current Checked out connections: 0" in engine.pool.status()


def test_sqlite_settings(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.db'}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
        connection.exec_driver_sql("CREATE TABLE a (b)")
        connection.commit()
        assert connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() == 2
        precise = connection.exec_driver_sql("SELECT unixepoch('subsec')").scalar_one()
        assert abs(precise - utc_now().timestamp()) < 60
    engine.dispose()


def test_sqlite_still_begins_at_once_after_a_named_isolation_level(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        connection.execute(text("SELECT 1"))
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        assert driver.isolation_level == "IMMEDIATE"
    engine.dispose()


def test_a_database_that_is_away_is_unavailable(tmp_path: Path) -> None:
    engine = make_engine(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")
    with (
        pytest.raises(Unavailable, match="The database is away"),
        translated_errors(),
        make_sessions(engine)() as session,
    ):
        session.get(Model, "a")
    with pytest.raises(DBAPIError) as raised, engine.connect():
        pass
    assert raised.value.connection_invalidated  # what the job engine waits out
    folder = tmp_path / "is-a-folder"
    folder.mkdir()
    engine = make_engine(f"sqlite:///{folder}")
    with pytest.raises(Unavailable, match="not to be opened"), translated_errors(), engine.connect():
        pass


def test_a_full_disk_is_out_of_space(engine: Engine, sessions: sessionmaker[Session]) -> None:
    if is_sqlite(engine):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")
            with pytest.raises(OutOfSpace, match="The disk"), translated_errors():
                connection.exec_driver_sql("CREATE TABLE a AS SELECT zeroblob(10000000)")
        return
    disk_full = text("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$")
    with pytest.raises(OutOfSpace, match="disk of the database server"), translated_errors(), sessions() as session:
        session.execute(disk_full)


def test_a_full_data_folder_is_out_of_space() -> None:
    with pytest.raises(OutOfSpace), translated_errors():
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_mistake_of_ours_stays_what_it_is(session: Session) -> None:
    with pytest.raises(Exception, match="nowhere") as raised, translated_errors():
        session.execute(text("SELECT 1 FROM nowhere"))
    assert not isinstance(raised.value, Unavailable)
    assert isinstance(raised.value, ProgrammingError) or "no such table" in str(raised.value)


def test_space_is_given_back(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    engine = make_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE a (b)")
        connection.exec_driver_sql("INSERT INTO a VALUES (zeroblob(5000000))")
        connection.exec_driver_sql("DELETE FROM a")
    give_back_space(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA page_count").scalar_one() < 10
    engine.dispose()


def test_postgres_ends_transactions_that_do_nothing(engine: Engine, session: Session) -> None:
    if not is_sqlite(engine):
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
