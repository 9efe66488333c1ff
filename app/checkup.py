"""What `babelscope doctor` looks at: Python, libraries, device, database, disk, workers."""

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.db.migrate import pending
from app.db.session import make_engine, make_sessions, utc_now
from app.db.tables import Run, WorkerLease
from app.errors import ProductError
from app.settings import Settings
from app.text.plural import counted

_LIBRARIES = {
    "web": ("fastapi", "uvicorn", "jinja2"),
    "worker": ("torch", "transformers", "umap-learn", "scikit-learn"),
}
_ASK_TORCH = """
import json, torch
names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
print(json.dumps([*names, f"cpu, {torch.get_num_threads()} threads"]))
"""
_LOW_DISK = 2_000_000_000  # bytes; a scan of a small model needs a few hundred megabytes


@dataclass(frozen=True)
class Check:
    """One part: what was found, whether that is well, and how to mend it if not."""

    part: str
    state: Literal["good", "note", "wrong"]
    found: str
    mend: str = ""


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which a user would mend things."""
    return [_python(), *_libraries(), _device(), _disk(settings), *_database(settings)]


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("python", "good", f"{version}, SQLite {sqlite3.sqlite_version}")


def _libraries() -> list[Check]:
    checks = []
    for part, wanted in _LIBRARIES.items():
        found, missing = [], []
        for name in wanted:
            try:
                found.append(f"{name} {metadata.version(name)}")
            except metadata.PackageNotFoundError:
                missing.append(name)
        if missing:
            mend = f"This machine cannot run the {part}: pip install -c requirements.lock -e '.[{part}]'"
            checks.append(Check(part, "note", f"missing {', '.join(missing)}", mend))
        else:
            checks.append(Check(part, "good", ", ".join(found)))
    return checks


def _device() -> Check:
    asked = subprocess.run([sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, check=False)  # noqa: S603
    if asked.returncode != 0:
        return Check("device", "note", "torch does not start here", "Only a worker needs it: see the line “worker”.")
    return Check("device", "good", "; ".join(json.loads(asked.stdout)))


def _disk(settings: Settings) -> Check:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free under {settings.data_dir}"
    if free < _LOW_DISK:
        return Check("disk", "wrong", found, "Free some space, or set DATA_DIR to a larger disk.")
    return Check("disk", "good", found)


def _database(settings: Settings) -> list[Check]:
    kind = "SQLite" if settings.url.startswith("sqlite") else "Postgres"
    if kind == "SQLite" and not (settings.data_dir / "babelscope.db").exists() and not settings.database_url:
        return [
            Check("database", "note", f"none yet in {settings.data_dir}", "`make run` or `babelscope run` makes it.")
        ]
    try:
        behind = pending(settings.url)
        if behind:
            return [Check("database", "wrong", f"{kind}, {behind}", "Run `babelscope serve`, which migrates it.")]
        engine = make_engine(settings.url)
        with make_sessions(engine)() as session:
            runs = len(session.scalars(select(Run.id)).all())
            leases = session.scalars(select(WorkerLease).where(WorkerLease.state == "live")).all()
            now = utc_now()
            alive = [one for one in leases if (now - one.beat).total_seconds() < settings.lease_seconds]
            names = ", ".join(f"{one.device} on {one.host}" for one in alive)
        engine.dispose()
    except (ProductError, SQLAlchemyError) as error:
        return [Check("database", "wrong", f"{kind} is away: {error}", "Check DATABASE_URL and that the server runs.")]
    database = Check("database", "good", f"{kind}, {counted(runs, 'run')}")
    if not alive:
        return [database, Check("workers", "note", "none is running", "Start one: `babelscope worker` or `make run`.")]
    return [database, Check("workers", "good", f"{len(alive)} running: {names}")]
