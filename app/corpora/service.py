"""Storing corpora, and reading their reports and sentences back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.db.tables import Corpus, Run, Sentence
from app.errors import AlreadyStored, BadInput, Conflict, NotFound
from app.text.corpora import Corpus as ReadCorpus
from app.text.corpora import CorpusFile, Format, Limits, read_corpus
from app.text.languages import Language, language
from app.text.plural import counted

ROWS_AT_ONCE = 2000
UNPACKED = 8  # an upload may unpack to so many times the limit of uploads
NAME_LENGTH, SOURCE_LENGTH = 200, 200


class Reported(BaseModel):
    """A place in a file and what was noticed there."""

    file: str
    line: int
    reason: str
    language: str | None = None


class CorpusReport(BaseModel):
    """What reading the corpus brought to light."""

    sentences: dict[str, int] = {}
    groups: int = 0
    complete_groups: int = 0
    duplicates: dict[str, int] = {}
    flagged: dict[str, int] = {}
    dropped: dict[str, int] = {}
    examples: list[Reported] = []
    warnings: list[str] = []
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class StoredCorpus:
    """A corpus's row with its report read, its languages (pivot first), and how many runs use it."""

    row: Corpus
    report: CorpusReport
    languages: tuple[Language, ...]
    runs: int

    @property
    def sentences(self) -> int:
        """Sentences in all languages together."""
        return sum(self.report.sentences.values())


class NewCorpus(BaseModel):
    """What a user says about the files."""

    name: str = Field("", max_length=NAME_LENGTH, description="How pages call it; empty for the first file's name.")
    format: str = Field("auto", description="auto, pairs, nway, jsonl, mkqa or plain.")
    pivot: str = Field("", max_length=35, description="The language others are compared to; empty to tell from names.")


def list_corpora(session: Session) -> list[StoredCorpus]:
    """Every corpus, newest first."""
    runs = dict(session.execute(select(Run.corpus_id, func.count()).group_by(Run.corpus_id)).all())
    rows = session.scalars(select(Corpus).order_by(Corpus.created.desc(), Corpus.id))
    return [_stored(row, runs.get(row.id, 0)) for row in rows]


def find_corpus(session: Session, corpus_id: str) -> StoredCorpus:
    """One corpus. Raises NotFound."""
    row = session.get(Corpus, corpus_id)
    if row is None:
        raise NotFound(f"There is no corpus {corpus_id[:40]}; it may have been deleted.")
    runs = session.scalar(select(func.count()).select_from(Run).where(Run.corpus_id == row.id)) or 0
    return _stored(row, runs)


def upload_corpus(
    session: Session, files: Sequence[CorpusFile], wanted: NewCorpus, *, max_upload_bytes: int, now: datetime
) -> Corpus:
    """Read and store uploaded files. Raises CorpusError with file and line, BadInput, TooLarge, AlreadyStored."""
    if not files:
        raise BadInput("Choose the files of the corpus: one or several, or a zip of them.")
    limits = Limits(total_bytes=UNPACKED * max_upload_bytes)
    form: Format = wanted.format  # type: ignore[assignment]  # read_corpus refuses what is no format
    corpus = read_corpus(files, form, wanted.pivot.strip() or None, limits)
    return store_corpus(session, corpus, wanted.name.strip() or files[0].name, now)


def store_corpus(session: Session, corpus: ReadCorpus, name: str, now: datetime) -> Corpus:
    """Store a corpus with all its sentences. Raises AlreadyStored if the same content is there."""
    known = session.scalar(select(Corpus).where(Corpus.content_hash == corpus.report.content_hash))
    if known is not None:
        raise AlreadyStored(f"The same sentences are stored already as “{known.name}”.", f"/corpora/{known.id}")
    row = Corpus(
        id=new_id(),
        name=name[:NAME_LENGTH],
        format=corpus.format,
        pivot=corpus.pivot,
        languages=list(corpus.languages),
        content_hash=corpus.report.content_hash,
        report=corpus.report.as_json(),
        created=now,
    )
    session.add(row)
    session.flush()
    rows = _rows(row.id, corpus)
    while block := list(islice(rows, ROWS_AT_ONCE)):
        session.execute(insert(Sentence), block)
    return row


def delete_corpus(session: Session, corpus_id: str) -> None:
    """Delete a corpus with its sentences. Raises NotFound, or Conflict if a run reads it."""
    found = find_corpus(session, corpus_id)
    if found.runs:
        noun = counted(found.runs, "run reads", "runs read")
        raise Conflict(f"{noun} “{found.row.name}”. Delete the runs first.")
    session.delete(found.row)


def _rows(corpus_id: str, corpus: ReadCorpus) -> Iterator[dict[str, Any]]:
    numbers = dict.fromkeys(corpus.languages, 0)
    for sentence in corpus.sentences:
        yield {
            "corpus_id": corpus_id,
            "language": sentence.language,
            "number": numbers[sentence.language],
            "group": sentence.group,
            "source": f"{sentence.file}:{sentence.line}"[-SOURCE_LENGTH:],
            "text": sentence.text,
            "flags": sorted(sentence.flags),
        }
        numbers[sentence.language] += 1


def _stored(row: Corpus, runs: int) -> StoredCorpus:
    report = CorpusReport.model_validate(row.report)
    return StoredCorpus(row, report, tuple(language(code) for code in row.languages), runs)
