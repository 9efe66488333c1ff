"""Corpora as JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile, status
from pydantic import BaseModel

from app.corpora import parallel, service
from app.db.tables import Sentence
from app.web.deps import Config, Db, Now
from app.web.errors import REFUSED
from app.web.uploads import uploaded

router = APIRouter(prefix="/corpora", tags=["corpora"], responses=REFUSED)


class CorpusAnswer(BaseModel):
    """A corpus and what reading it brought to light."""

    id: str
    name: str
    format: str
    pivot: str | None
    languages: list[str]
    sentences: dict[str, int]
    content_hash: str
    report: service.CorpusReport
    runs: int
    created: datetime


class SentenceAnswer(BaseModel):
    """One sentence."""

    id: int
    language: str
    number: int
    group: str | None
    source: str
    text: str
    flags: list[str]


class MeaningAnswer(BaseModel):
    """A sentence, and those of other languages that mean the same."""

    sentence: SentenceAnswer
    parallel: dict[str, SentenceAnswer]


class SentencesAnswer(BaseModel):
    """One page of a corpus."""

    base: str
    page: int
    pages: int
    total: int
    rows: list[MeaningAnswer]


def _answer(corpus: service.StoredCorpus) -> CorpusAnswer:
    row = corpus.row
    return CorpusAnswer(
        id=row.id,
        name=row.name,
        format=row.format,
        pivot=row.pivot,
        languages=row.languages,
        sentences=corpus.report.sentences,
        content_hash=row.content_hash,
        report=corpus.report,
        runs=corpus.runs,
        created=row.created,
    )


def _sentence(row: Sentence) -> SentenceAnswer:
    return SentenceAnswer.model_validate(row, from_attributes=True)


@router.get("")
def corpora(db: Db) -> list[CorpusAnswer]:
    """Every corpus, newest first."""
    return [_answer(corpus) for corpus in service.list_corpora(db)]


@router.post("", status_code=status.HTTP_201_CREATED)
def upload(  # noqa: PLR0913 — one parameter a field of the form
    db: Db,
    settings: Config,
    now: Now,
    files: Annotated[list[UploadFile] | None, File()] = None,
    name: Annotated[str, Form(max_length=service.NAME_LENGTH)] = "",
    format: Annotated[str, Form()] = "auto",
    pivot: Annotated[str, Form(max_length=35)] = "",
) -> CorpusAnswer:
    """Read and store files: several, or a zip of them."""
    wanted = service.NewCorpus(name=name, format=format, pivot=pivot)
    limit = settings.max_upload_mb * 1_000_000
    row = service.upload_corpus(db, uploaded(files), wanted, max_upload_bytes=limit, now=now)
    return _answer(service.find_corpus(db, row.id))


@router.get("/{corpus_id}")
def corpus(corpus_id: str, db: Db) -> CorpusAnswer:
    """One corpus."""
    return _answer(service.find_corpus(db, corpus_id))


@router.get("/{corpus_id}/sentences")
def sentences(corpus_id: str, query: Annotated[parallel.ParallelQuery, Query()], db: Db) -> SentencesAnswer:
    """Fifty sentences of one language, and what means the same in others."""
    page = parallel.parallel_page(db, service.find_corpus(db, corpus_id), query)
    rows = [
        MeaningAnswer(
            sentence=_sentence(line), parallel={other.language: _sentence(other) for other in others if other}
        )
        for line, others in page.rows
    ]
    return SentencesAnswer(base=page.base, page=query.page, pages=page.pages, total=page.total, rows=rows)


@router.delete("/{corpus_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(corpus_id: str, db: Db) -> None:
    """Delete a corpus that no run reads."""
    service.delete_corpus(db, corpus_id)
