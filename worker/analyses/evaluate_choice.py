"""Which questions of a set an evaluation asks."""

import random
from collections import Counter

from sqlalchemy.orm import Session

from app.contracts.evaluations import EvaluateSpec
from app.db.questions import questions_of
from app.db.tables import Question


def chosen_questions(session: Session, spec: EvaluateSpec, language: str) -> tuple[list[Question], dict[str, int]]:
    """The questions that are asked in a language, in the order of the file, and how many of which kind are not."""
    every = questions_of(session, spec.question_set_id, language)
    asked = [one for one in every if one.kind not in spec.skip and (spec.generate or one.choices)]
    skipped = Counter(one.kind for one in every if one.kind in spec.skip)
    if spec.limit is not None and spec.limit < len(asked):
        # By key, so that the languages of a parallel set get the same questions.
        order = sorted(asked, key=lambda one: random.Random(f"{spec.seed}\0{one.key}").random())  # noqa: S311
        wanted = {one.id for one in order[: spec.limit]}
        asked = [one for one in asked if one.id in wanted]
    return asked, dict(skipped)
