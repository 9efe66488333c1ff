"""Bring a database to the newest tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.db.session import make_engine

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at `url`, independent of the current folder."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Apply every migration the database does not have yet; safe to call from several processes at once."""
    command.upgrade(configuration(url), "head")


def pending(url: str) -> str:
    """How far the database is behind, as half a sentence; empty if it is up to date."""
    engine = make_engine(url)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    scripts = ScriptDirectory.from_config(configuration(url))
    missing = [script.revision for script in scripts.iterate_revisions("head", current or "base")][::-1]
    return f"migrations to apply: {', '.join(missing)}" if missing else ""
