"""A report without a server: whatever it lacks is computed in the foreground, then all of it is written to a folder."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from app import __version__
from app.contracts.ids import new_id
from app.contracts.jobs import ScanSpec
from app.db.runs import FinishedRun, store_run
from app.errors import Unavailable
from app.experiments.kind import Desk, Wanted
from app.experiments.service import store_wanted
from app.reports.compose import PRESETS, Report, companions, compose, settings_like
from app.reports.files import single_file, tables
from app.web.assets import FOLDER, Assets
from app.web.cache import ArrayCache
from app.web.render import make_environment

_CACHE_BYTES = 512_000_000


def write_report(
    sessions: sessionmaker[Session], url: str, run_id: str, presets: tuple[str, ...], out: Path, now: datetime
) -> Report:
    """Scan with every preset that is missing, run every part that is missing, write HTML and CSV files.

    Raises NotFound or Conflict for the run, Unavailable when a part could not be computed.
    """
    with sessions.begin() as session:
        scans = _missing_scans(session, run_id, presets, now)
    _compute(url, scans)
    for later in (False, True):
        with sessions.begin() as session:
            experiments = [
                _store(session, one.wanted, now)
                for column in _composed(session, run_id, presets).columns
                for one in column.parts
                if one.wanted is not None and not one.complete and (later or one.part.after is None)
            ]
        _compute(url, experiments)
    with sessions() as session:
        report = _composed(session, run_id, presets)
        out.mkdir(parents=True, exist_ok=True)
        html = single_file(make_environment(Assets(FOLDER), __version__), report, now)
        (out / "report.html").write_text(html, encoding="utf-8")
        for name, content in tables(report):
            (out / name).write_text(content, encoding="utf-8")
    return report


def _desk(session: Session) -> Desk:
    return Desk(session, ArrayCache(_CACHE_BYTES))


def _composed(session: Session, run_id: str, presets: tuple[str, ...]) -> Report:
    desk = _desk(session)
    runs = companions(desk, run_id)
    return compose(desk, [run for run in runs if run.spec.settings.preset in presets] or runs)


def _missing_scans(session: Session, run_id: str, presets: tuple[str, ...], now: datetime) -> list[str]:
    """Rows of the scans that are needed and not there; their ids."""
    runs = companions(_desk(session), run_id)
    there = {run.spec.settings.preset for run in runs}
    return [
        _store_run(session, runs[0], preset, now) for preset in PRESETS if preset in presets and preset not in there
    ]


def _store_run(session: Session, like: FinishedRun, preset: str, now: datetime) -> str:
    spec: ScanSpec = like.spec.model_copy(update={"run_id": new_id(), "settings": settings_like(like, preset)})
    return store_run(session, spec, f"{like.name}, {preset}", now).id


def _store(session: Session, wanted: Wanted, now: datetime) -> str:
    experiment_id: str = wanted.spec.experiment_id  # type: ignore[union-attr]
    return store_wanted(session, experiment_id, wanted, name=wanted.name, now=now).id


def _compute(url: str, ids: list[str]) -> None:
    command = [sys.executable, "-m", "worker.headless", url, *ids]
    if ids and subprocess.run(command, check=False).returncode:  # noqa: S603 - our own module
        raise Unavailable("A part of the report could not be computed; the lines above say why.")
