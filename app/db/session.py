"""Engines and sessions: the one place that tells SQLite from Postgres."""

import errno
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psycopg
from sqlalchemy import Connection, DateTime, Engine, create_engine, event, func, select
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from app.errors import OutOfSpace, ProductError, Unavailable

BUSY_SECONDS = 30
IDLE_SECONDS = 60  # an open transaction may do nothing for so long; Postgres ends it then
OVERFLOW = 40  # connections beyond the five kept open: a worker's parents, pieces and queues, or the web's threads
OLDEST_SQLITE = (3, 35)  # RETURNING
UNIXEPOCH_SQLITE = (3, 42)  # unixepoch(…, 'subsec')

_FULL = 13
_AWAY_SQLITE = {5: "busy", 6: "locked", 8: "read-only", 10: "failing", 14: "not to be opened"}
_AWAY_POSTGRES = ("08", "57P", "53", "58")  # connection, shutdown, resources, system; each a prefix of SQLSTATE


def utc_now() -> datetime:
    """The aware present moment; callers pass it on, nothing deeper reads the clock."""
    return datetime.now(UTC)


def is_sqlite(engine: Engine | Connection) -> bool:
    """Whether the engine or connection speaks to SQLite; anything else is Postgres."""
    return engine.dialect.name == "sqlite"


def make_engine(url: str) -> Engine:
    """An engine with the settings both databases need; makes the folder of a SQLite file.

    Raises Unavailable if the SQLite library is too old or the folder cannot be made.
    """
    if not url.startswith("sqlite"):
        engine = create_engine(url, pool_pre_ping=True, max_overflow=OVERFLOW, connect_args={"connect_timeout": 10})
        event.listen(engine, "connect", _prepare_postgres)
        event.listen(engine, "handle_error", _tell_disconnect)
        return engine
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise Unavailable(f"SQLite {sqlite3.sqlite_version} is too old; Babelscope needs 3.35 or newer, or Postgres.")
    file = make_url(url).database
    if file:
        with translated_errors():
            Path(file).parent.mkdir(parents=True, exist_ok=True)
    settings = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, max_overflow=OVERFLOW, connect_args=settings)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "checkout", _begin_immediately)
    return engine


def step_isolation(engine: Engine) -> Literal["SERIALIZABLE", "READ COMMITTED"]:
    """The isolation of a job's steps: they lock the job's row first, so Postgres need not look for conflicts."""
    return "SERIALIZABLE" if is_sqlite(engine) else "READ COMMITTED"


def database_now(session: Session) -> datetime:
    """The present moment by a clock that all workers share: the server's; SQLite's workers share the machine's."""
    if is_sqlite(session.connection()):
        return utc_now()
    return session.scalars(select(func.clock_timestamp(type_=DateTime(timezone=True)))).one()


def give_back_space(engine: Engine) -> None:
    """Shrink a SQLite file by what was deleted from it; Postgres looks after itself."""
    if is_sqlite(engine):
        with closing(engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.executescript("PRAGMA incremental_vacuum")  # plain execute would free a single page


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit, and that stay closed once they are.

    A closed one that read on would take another connection, which nobody gives back.
    """
    return sessionmaker(engine, expire_on_commit=False, close_resets_only=False)


def _prepare_postgres(connection: psycopg.Connection, _: ConnectionPoolEntry) -> None:
    # A machine that freezes in the middle of a transaction must not keep its locks from those who take over.
    connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'".encode())
    connection.commit()  # or the pool's rollback would undo it


def _tell_disconnect(context: ExceptionContext) -> None:
    # A server that cannot be reached is a lost connection too. The job engine waits for lost connections to come back,
    # but knows them by their English text, and not all of them.
    if isinstance(context.original_exception, psycopg.OperationalError):
        state = context.original_exception.sqlstate
        if state is None or state.startswith(("08", "57P")):
            context.is_disconnect = True


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # auto_vacuum first, and only in a new file: once the write-ahead log has written a page it can no longer be set,
    # and asking for it takes the write lock, for which a second connection of a writing thread would wait in vain.
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if sqlite3.sqlite_version_info < UNIXEPOCH_SQLITE:
        # The job engine's timestamps ask for unixepoch('subsec').
        connection.create_function("unixepoch", -1, _unixepoch)


def _begin_immediately(connection: sqlite3.Connection, *_: object) -> None:
    # A writer takes the write lock when it begins, so that it waits instead of failing half-way. At every checkout,
    # because SQLAlchemy puts back a deferred one whenever a transaction has named its isolation level.
    connection.isolation_level = "IMMEDIATE"


def _unixepoch(*arguments: str) -> float | int:
    return time.time() if "subsec" in arguments else int(time.time())


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn a database that is away into Unavailable, and a full disk into OutOfSpace."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        translated = translation(error)
        if translated is None:
            raise
        raise translated from error


def translation(error: BaseException) -> ProductError | None:
    """The sentence for a database or disk error the user can do something about; None for any other."""
    if isinstance(error, PoolTimeout):
        return Unavailable("All connections to the database are in use. Try again in a moment.")
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return OutOfSpace("The disk is full. Free some space and try again; nothing was stored.")
        return Unavailable(f"The data folder cannot be used: {error.strerror or error}.")
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_translation(error.orig)
    return _postgres_translation(error)


def _sqlite_translation(error: sqlite3.Error) -> ProductError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == _FULL:
        return OutOfSpace("The disk that holds the database is full. Free some space and try again.")
    if code in _AWAY_SQLITE:
        return Unavailable(f"The database file is {_AWAY_SQLITE[code]} ({error}). Try again, or look at DATA_DIR.")
    return None


def _postgres_translation(error: DBAPIError) -> ProductError | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state == "53100":
        return OutOfSpace("The disk of the database server is full. Free some space there and try again.")
    away = state is not None and state.startswith(_AWAY_POSTGRES)
    if away or error.connection_invalidated or (state is None and type(error).__name__ == "OperationalError"):
        return Unavailable("The database is away. Try again in a moment; if it stays away, look at DATABASE_URL.")
    return None
