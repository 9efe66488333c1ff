"""Storing question sets from uploads, a page of questions, and deleting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.questions import StoredQuestions, evaluations_of, find_questions, store_questions
from app.db.tables import Question, QuestionSet
from app.errors import BadInput, Conflict
from app.text.questions import read_questions
from app.text.readers.reading import CorpusFile

ROWS = 50
NAME_LENGTH = 200


class NewQuestions(BaseModel):
    """What a user says about the files."""

    name: str = Field("", max_length=NAME_LENGTH)
    format: str = "auto"


class QuestionsQuery(BaseModel):
    """Which questions a page shows; the state of its address."""

    language: str = ""
    q: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=1_000_000)


@dataclass(frozen=True, slots=True)
class QuestionsPage:
    """Fifty questions of one language."""

    language: str
    rows: list[Question]
    total: int
    pages: int


def upload_questions(session: Session, files: Sequence[CorpusFile], wanted: NewQuestions, now: datetime) -> QuestionSet:
    """Read and store uploaded files. Raises CorpusError with file and line, BadInput, TooLarge, AlreadyStored."""
    if not files:
        raise BadInput("Choose the files of the question set: one or several, or a zip of them.")
    read = read_questions(files, wanted.format)
    return store_questions(session, read, wanted.name.strip() or files[0].name, now)


def questions_page(session: Session, found: StoredQuestions, query: QuestionsQuery) -> QuestionsPage:
    """The page that `query` asks for; a language the set does not have is overlooked."""
    codes = found.row.languages
    code = query.language if query.language in codes else codes[0]
    wanted = select(Question).where(Question.set_id == found.row.id, Question.language == code)
    if query.q:
        wanted = wanted.where(Question.text.icontains(query.q, autoescape=True))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    start = (query.page - 1) * ROWS
    rows = list(session.scalars(wanted.order_by(Question.number).offset(start).limit(ROWS)))
    return QuestionsPage(code, rows, total, max(-(-total // ROWS), 1))


def delete_questions(session: Session, set_id: str) -> None:
    """Delete a set with its questions. Raises NotFound, or Conflict while an evaluation used it."""
    found = find_questions(session, set_id)
    used = evaluations_of(session, set_id)
    if used:
        raise Conflict(f"“{used[0].name}” asks questions of “{found.row.name}”. Delete the evaluation first.")
    session.delete(found.row)
