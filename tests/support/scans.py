"""A real scan in the test's own process: corpus and model from folders, the stages the worker runs, a database file."""

from dataclasses import dataclass
from pathlib import Path

import torch
from sqlalchemy.orm import Session, sessionmaker
from torch import Tensor

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.db.migrate import upgrade
from app.db.runs import FinishedRun, finished_run
from app.db.session import make_engine, make_sessions
from app.db.tables import Run
from app.jobs import InlineContext, run_inline
from app.offline import Request, prepare
from app.settings import Settings
from worker.analyses.scan import SCAN


@dataclass
class Scan:
    """A finished scan and what it stored."""

    sessions: sessionmaker[Session]
    run_id: str

    def array(self, name: str) -> Tensor:
        with self.sessions() as session:
            return torch.tensor(ArrayStore(session).get(self.run_id, name))

    def score(self, kind: int, language: str) -> Tensor:
        return self.array(names.SCORE.format(type=kind, language=language))

    def names(self) -> list[str]:
        with self.sessions() as session:
            return ArrayStore(session).names(self.run_id)

    @property
    def run(self) -> FinishedRun:
        with self.sessions() as session:
            return finished_run(session, self.run_id)

    @property
    def split(self) -> int:
        return self.run.summary.split


def scan_folder(
    model: Path,
    corpus: Path,
    languages: tuple[str, ...],
    pivot: str,
    preset: str,
    folder: Path,
    settings: tuple[str, ...] = (),
) -> Scan:
    """Scan a model folder on a corpus folder, all in this process."""
    url = f"sqlite:///{folder / 'scan.db'}"
    upgrade(url)
    sessions = make_sessions(make_engine(url))
    run_id = prepare(sessions, Request(str(model), None, corpus, "auto", languages, pivot, preset, settings))
    with sessions() as session:
        spec = ScanSpec.model_validate(session.get_one(Run, run_id).spec)
    run_inline(SCAN, spec, sessions, InlineContext(Settings(device="cpu"), sessions, lambda stage, done, total: None))
    return Scan(sessions, run_id)
