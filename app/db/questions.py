"""Question sets as every feature and the worker read them: rows, reports, questions in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.questions import QuestionReport, ReadQuestions
from app.db.tables import Experiment, Question, QuestionSet
from app.errors import AlreadyStored, NotFound

NAME_LENGTH, SOURCE_LENGTH, ROWS_AT_ONCE = 200, 200, 2000
KINDS_WITH_QUESTIONS = ("evaluate",)


@dataclass(frozen=True, slots=True)
class StoredQuestions:
    """A question set's row with its report read."""

    row: QuestionSet
    report: QuestionReport

    @property
    def total(self) -> int:
        """Questions in all languages together."""
        return sum(self.report.questions.values())


def store_questions(session: Session, read: ReadQuestions, name: str, now: datetime) -> QuestionSet:
    """Store a set with all its questions. Raises AlreadyStored if the same content is there."""
    known = session.scalar(select(QuestionSet).where(QuestionSet.content_hash == read.report.content_hash))
    if known is not None:
        raise AlreadyStored(f"The same questions are stored already as “{known.name}”.", f"/questions/{known.id}")
    row = QuestionSet(
        id=new_id(),
        name=name[:NAME_LENGTH],
        format=read.format,
        languages=list(read.languages),
        content_hash=read.report.content_hash,
        report=read.report.model_dump(mode="json"),
        created=now,
    )
    session.add(row)
    session.flush()
    rows = _rows(row.id, read)
    while block := list(islice(rows, ROWS_AT_ONCE)):
        session.execute(insert(Question), block)
    return row


def list_question_sets(session: Session) -> list[StoredQuestions]:
    """Every set, newest first."""
    rows = session.scalars(select(QuestionSet).order_by(QuestionSet.created.desc(), QuestionSet.id))
    return [_stored(row) for row in rows]


def find_questions(session: Session, set_id: str) -> StoredQuestions:
    """One set. Raises NotFound."""
    row = session.get(QuestionSet, set_id)
    if row is None:
        raise NotFound(f"There is no question set {set_id[:40]}; it may have been deleted.")
    return _stored(row)


def questions_of(session: Session, set_id: str, language: str) -> list[Question]:
    """The questions in one language, in the order of the file."""
    query = select(Question).where(Question.set_id == set_id, Question.language == language)
    return list(session.scalars(query.order_by(Question.number)))


def count_kinds(session: Session, set_id: str, language: str) -> dict[str, int]:
    """How many questions there are of each kind in one language."""
    query = select(Question.kind, func.count()).where(Question.set_id == set_id, Question.language == language)
    return dict(session.execute(query.group_by(Question.kind)).all())


def evaluations_of(session: Session, set_id: str) -> list[Experiment]:
    """The experiments that asked questions of this set, newest first."""
    found = session.scalars(select(Experiment).where(Experiment.kind.in_(KINDS_WITH_QUESTIONS)))
    mine = [one for one in found if one.spec.get("question_set_id") == set_id]
    return sorted(mine, key=lambda one: one.created, reverse=True)


def _stored(row: QuestionSet) -> StoredQuestions:
    return StoredQuestions(row, QuestionReport.model_validate(row.report))


def _rows(set_id: str, read: ReadQuestions) -> Iterator[dict[str, Any]]:
    numbers = dict.fromkeys(read.languages, 0)
    for one in read.questions:
        yield {
            "set_id": set_id,
            "language": one.language,
            "number": numbers[one.language],
            "key": one.key,
            "kind": one.kind,
            "text": one.text,
            "answers": list(one.answers),
            "choices": list(one.choices),
            "source": one.source[-SOURCE_LENGTH:],
        }
        numbers[one.language] += 1
