"""Question sets as JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile, status
from pydantic import BaseModel

from app.contracts.questions import QuestionReport
from app.db.questions import StoredQuestions, find_questions, list_question_sets
from app.questions import service
from app.web.deps import Db, Now
from app.web.errors import REFUSED
from app.web.uploads import uploaded

router = APIRouter(prefix="/questions", tags=["question sets"], responses=REFUSED)


class QuestionSetAnswer(BaseModel):
    """A question set and what reading it brought to light."""

    id: str
    name: str
    format: str
    languages: list[str]
    report: QuestionReport
    created: datetime


class QuestionAnswer(BaseModel):
    """One question with its right answers."""

    number: int
    key: str
    kind: str
    text: str
    answers: list[str]
    choices: list[str]
    source: str


class QuestionsAnswer(BaseModel):
    """Fifty questions in one language."""

    language: str
    page: int
    pages: int
    total: int
    rows: list[QuestionAnswer]


def _answer(found: StoredQuestions) -> QuestionSetAnswer:
    row = found.row
    return QuestionSetAnswer(
        id=row.id, name=row.name, format=row.format, languages=row.languages, report=found.report, created=row.created
    )


@router.get("")
def question_sets(db: Db) -> list[QuestionSetAnswer]:
    """Every question set, newest first."""
    return [_answer(found) for found in list_question_sets(db)]


@router.post("", status_code=status.HTTP_201_CREATED)
def upload(
    db: Db,
    now: Now,
    files: Annotated[list[UploadFile] | None, File()] = None,
    name: Annotated[str, Form(max_length=service.NAME_LENGTH)] = "",
    format: Annotated[str, Form()] = "auto",
) -> QuestionSetAnswer:
    """Read and store files: several, or a zip of them."""
    stored = service.upload_questions(db, uploaded(files), service.NewQuestions(name=name, format=format), now)
    return _answer(find_questions(db, stored.id))


@router.get("/{set_id}")
def question_set(set_id: str, db: Db) -> QuestionSetAnswer:
    """One question set."""
    return _answer(find_questions(db, set_id))


@router.get("/{set_id}/questions")
def questions(set_id: str, query: Annotated[service.QuestionsQuery, Query()], db: Db) -> QuestionsAnswer:
    """Fifty questions in one language."""
    page = service.questions_page(db, find_questions(db, set_id), query)
    fields = QuestionAnswer.model_fields
    rows = [QuestionAnswer(**{name: getattr(row, name) for name in fields}) for row in page.rows]
    return QuestionsAnswer(language=page.language, page=query.page, pages=page.pages, total=page.total, rows=rows)


@router.delete("/{set_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(set_id: str, db: Db) -> None:
    """Delete a question set that no evaluation used."""
    service.delete_questions(db, set_id)
