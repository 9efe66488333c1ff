"""How migrations run: on which database, in one transaction, blind to the job engine's tables."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from app.db.session import is_sqlite, make_engine
from app.db.tables import Base, UtcDateTime
from app.settings import Settings

LOCK = 7_238_914_403  # any number, the same in every process: two that migrate at once wait for each other


def include_name(name: str | None, type_: str, _parents: object) -> bool:
    """Ours are the tables we declare; the job engine keeps its own beside them, unprefixed on SQLite."""
    return type_ != "table" or name in Base.metadata.tables


def render_item(type_: str, item: object, _autogen: AutogenContext) -> str | Literal[False]:
    """A migration never imports the app: write the plain type."""
    if type_ == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def migrate(connection: Connection) -> None:
    """Run in one transaction that no other process can enter, so that a failure leaves nothing behind."""
    if is_sqlite(connection.engine):
        # The driver would commit before each statement that defines a table.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        render_item=render_item,
        render_as_batch=is_sqlite(connection.engine),
    )
    context.run_migrations()
    connection.commit()


def main() -> None:
    """Take the address from the caller, from `-x url=…`, or from the settings, in this order."""
    given = context.get_x_argument(as_dictionary=True).get("url")
    url = context.config.attributes.get("url") or given or Settings().url
    engine = make_engine(url)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()


main()
