"""Experiments for tests: a row with its spec, run in the test's own process."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from app.db.session import utc_now
from app.db.tables import Experiment
from app.jobs import InlineContext, run_inline
from app.jobs.analysis import Analysis
from app.settings import Settings


def store_experiment(session: Session, spec: Any) -> None:
    """The row of an experiment that waits for its job."""
    session.add(
        Experiment(
            id=spec.experiment_id,
            kind=spec.kind,
            name=f"A {spec.kind}",
            model_id=spec.model_id,
            run_id=getattr(spec, "run_id", None),
            job_id="none",
            spec=spec.model_dump(mode="json"),
            status="queued",
            created=utc_now(),
        )
    )


def run_experiment(analysis: Analysis, spec: Any, sessions: sessionmaker[Session], folder: Path) -> dict[str, Any]:
    """Run every stage, and give the stored result back."""
    context = InlineContext(Settings(device="cpu", data_dir=folder), sessions, lambda *_: None)
    run_inline(analysis, spec, sessions, context)
    with sessions() as session:
        return session.get_one(Experiment, spec.experiment_id).result or {}
