"""A corpus side by side: sentences of one language in their order, and what means the same in others."""

from dataclasses import dataclass

from pydantic import BaseModel, Field
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.corpora.service import StoredCorpus
from app.db.tables import Sentence

ROWS = 50
SHOWN = 3  # languages beside the first, unless asked for more


class ParallelQuery(BaseModel):
    """Which sentences a page shows; the state of its address."""

    base: str = ""
    show: list[str] = Field(default_factory=list)
    q: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=1_000_000)


@dataclass(frozen=True, slots=True)
class ParallelPage:
    """Rows of sentences; a cell is None where a language has nothing of that meaning."""

    base: str
    others: tuple[str, ...]
    rows: list[tuple[Sentence, tuple[Sentence | None, ...]]]
    total: int
    pages: int


def parallel_page(session: Session, corpus: StoredCorpus, query: ParallelQuery) -> ParallelPage:
    """One page of the corpus as `query` asks; languages it does not have are overlooked."""
    codes = corpus.row.languages
    base = query.base if query.base in codes else _first(corpus)
    asked = [code for code in codes if code in query.show and code != base]
    others = tuple(asked or [code for code in codes if code != base][:SHOWN])
    if corpus.report.groups == 0:
        others = ()
    matching = _matching(corpus.row.id, base, query.q)
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    start = (query.page - 1) * ROWS
    sentences = list(session.scalars(matching.order_by(Sentence.number).offset(start).limit(ROWS)))
    meanings = _meanings(session, corpus.row.id, others, [line.group for line in sentences if line.group is not None])
    rows = [(line, tuple(meanings.get((code, line.group)) for code in others)) for line in sentences]
    return ParallelPage(base, others, rows, total, max(-(-total // ROWS), 1))


def _first(corpus: StoredCorpus) -> str:
    """The pivot, but in pair files a language of its own: the pivot's sentences repeat there pair by pair."""
    codes = corpus.row.languages
    return codes[1] if corpus.row.format == "pairs" and len(codes) > 1 else codes[0]


def _matching(corpus_id: str, language: str, words: str) -> Select[Sentence]:
    found = select(Sentence).where(Sentence.corpus_id == corpus_id, Sentence.language == language)
    return found.where(Sentence.text.icontains(words, autoescape=True)) if words else found


def _meanings(
    session: Session, corpus_id: str, languages: tuple[str, ...], groups: list[str]
) -> dict[tuple[str, str | None], Sentence]:
    if not languages or not groups:
        return {}
    wanted = select(Sentence).where(
        Sentence.corpus_id == corpus_id, Sentence.language.in_(languages), Sentence.group.in_(groups)
    )
    return {(line.language, line.group): line for line in session.scalars(wanted)}
