"""A run with all that every one of its pages needs, checked and typed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.contracts.jobs import ScanSpec
from app.contracts.results import RunSummary
from app.db.tables import Corpus, Model, Run
from app.errors import Conflict, NotFound
from app.text.languages import Language, language

NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run's row with its spec and summary read, its model and corpus, and its languages, pivot first."""

    row: Run
    model: Model
    corpus: Corpus
    spec: ScanSpec
    summary: RunSummary | None
    languages: tuple[Language, ...]

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.row.id

    @property
    def name(self) -> str:
        """The name a user gave the run."""
        return self.row.name

    @property
    def status(self) -> str:
        """One of contracts.jobs.Status."""
        return self.row.status

    @property
    def owner(self) -> str:
        """Under which the run's arrays are stored."""
        return self.row.id


@dataclass(frozen=True, slots=True)
class FinishedRun(StoredRun):
    """A run whose numbers may be shown."""

    summary: RunSummary


def find_run(session: Session, run_id: str) -> StoredRun:
    """The run in whatever state. Raises NotFound."""
    row = session.get(Run, run_id)
    if row is None:
        raise NotFound(f"There is no run {run_id[:40]}; it may have been deleted.")
    return stored_run(session, row)


def store_run(session: Session, spec: ScanSpec, name: str, now: datetime, job_id: str = "") -> Run:
    """Store the run that `spec` describes; without a job it is scanned in the foreground."""
    row = Run(
        id=spec.run_id,
        name=name[:NAME_LENGTH],
        model_id=spec.model_id,
        corpus_id=spec.corpus_id,
        job_id=job_id,
        spec=spec.model_dump(mode="json"),
        status="queued",
        created=now,
    )
    session.add(row)
    session.flush()
    return row


def stored_run(session: Session, row: Run) -> StoredRun:
    """Read what a run's row holds."""
    model, corpus = session.get_one(Model, row.model_id), session.get_one(Corpus, row.corpus_id)
    spec = ScanSpec.model_validate(row.spec)
    summary = RunSummary.model_validate(row.summary) if row.summary is not None else None
    return StoredRun(row, model, corpus, spec, summary, tuple(language(code) for code in spec.all_languages))


def finished_run(session: Session, run_id: str) -> FinishedRun:
    """A run whose numbers may be shown. Raises NotFound, or Conflict while it has none."""
    run = find_run(session, run_id)
    if run.summary is None or run.status != "complete":
        raise Conflict(
            f"The run “{run.name}” is {run.status} and has no numbers to show yet. Look at its overview page."
        )
    return FinishedRun(run.row, run.model, run.corpus, run.spec, run.summary, run.languages)
