"""Evaluation: questions in blocks, each question asked under all conditions in one batch, then one table."""

import re
from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.evaluations import Answer, EvaluateSpec, Item
from app.db.tables import EvaluationItem, Question
from app.errors import TooLong
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from app.text.answers import best_f1, best_match, match_in
from app.text.extraction import extract
from app.text.verdicts import judge
from worker.analyses.conditions import Condition, conditions
from worker.analyses.evaluate_choice import chosen_questions
from worker.analyses.evaluate_table import write_table
from worker.analyses.opened import open_model
from worker.analyses.planning import plan_once
from worker.model.asking import continuation_logprobs, continue_greedily, prompt_tokens
from worker.model.edits import RowEdits
from worker.model.language_model import LanguageModel

QUESTION_MARKS = ("?", "？", "؟", "；", "՞", ";")
ASCII_MARK = "?"
OWN_MARKS = {"ja": "？", "zh": "？", "ar": "؟", "fa": "؟", "ur": "؟"}


def plan_blocks(context: Context, spec: EvaluateSpec) -> list[dict[str, Any]]:
    """Blocks of questions, language by language."""
    pieces = []
    with context.session() as session:
        for language in spec.languages:
            count = len(chosen_questions(session, spec, language)[0])
            pieces += [{"language": language, "start": start} for start in range(0, count, spec.block)]
    return pieces


def ask_block(context: Context, spec: EvaluateSpec, piece: dict[str, Any]) -> Commit:
    """Ask a block of questions under every condition."""
    language, start = piece["language"], piece["start"]
    model = open_model(context, spec.model_id, spec.dtype)
    asked = conditions(context, model, spec, language)
    with context.session() as session:
        block = chosen_questions(session, spec, language)[0][start : start + spec.block]
        golds = _golds_everywhere(session, spec, {one.key for one in block})
    items: dict[int, Item] = {}
    for done, question in enumerate(block):
        context.check()
        with suppress(TooLong):  # the table counts what has no answer
            items[start + done] = ask(model, spec, question, asked, golds.get(question.key, {}))
        context.progress((done + 1) / len(block), language)

    def commit(session: Session) -> dict[str, Any]:
        for number, item in items.items():
            session.merge(
                EvaluationItem(
                    experiment_id=spec.experiment_id, part=language, number=number, data=item.model_dump(mode="json")
                )
            )  # fmt: skip
        return {"questions": len(items)}

    return commit


def ask(
    model: LanguageModel,
    spec: EvaluateSpec,
    question: Question,
    asked: list[Condition],
    golds: dict[str, tuple[str, ...]],
) -> Item:
    """One question under all conditions; `golds` are the right answers by language."""
    prompt = prompt_of(spec, question)
    edits, positions = RowEdits.of(model, [one.neurons for one in asked], asked[0].make), spec.intervention.positions
    answers = [Answer(condition=one.name) for one in asked]
    if spec.generate:
        ids = prompt_tokens(model, prompt, spec.max_new_tokens)
        enough = _has_line if spec.first_line else None
        texts = continue_greedily(model, ids, edits, positions, spec.max_new_tokens, enough)
        answers = [_written(spec, question, one, text, golds) for one, text in zip(answers, texts, strict=True)]
    if spec.choices and question.choices:
        joint = "" if prompt.endswith(" ") else " "
        choices = [joint + one for one in question.choices]
        logs = continuation_logprobs(model, prompt, choices, edits, positions)
        answers = [_ranked(question, one, row.tolist()) for one, row in zip(answers, logs, strict=True)]
    return Item(
        key=question.key, kind=question.kind, source=question.source, question=question.text, prompt=prompt,
        golds=tuple(question.answers), choices=tuple(question.choices), answers=tuple(answers),
    )  # fmt: skip


def prompt_of(spec: EvaluateSpec, question: Question) -> str:
    """The question as the model gets it."""
    text, language = question.text, question.language
    base = language.split("-")[0]
    if spec.style.one_mark and not text.rstrip().endswith(QUESTION_MARKS):
        text = text.rstrip() + OWN_MARKS.get(base, ASCII_MARK)
    cue = spec.style.cues.get(language, spec.style.cues.get(base, spec.style.cues.get("*", "")))
    listed = "\n".join(f"{chr(65 + place)}. {choice}" for place, choice in enumerate(question.choices))
    return spec.style.template.replace("{cue}", cue).replace("{choices}", listed).replace("{question}", text)


def _has_line(text: str) -> bool:
    return "\n" in text.lstrip()


def _golds_everywhere(session: Session, spec: EvaluateSpec, keys: set[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Right answers of questions by key and language, for credit in any language."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    query = select(Question.key, Question.language, Question.answers).order_by(Question.language)
    rows = session.execute(query.where(Question.set_id == spec.question_set_id, Question.key.in_(keys)))
    for key, language, answers in rows:
        found.setdefault(key, {})[language] = tuple(answers)
    return found


def _written(
    spec: EvaluateSpec, question: Question, answer: Answer, text: str, golds: dict[str, tuple[str, ...]]
) -> Answer:
    """Score a generated text."""
    number = all(_is_number(one) for one in question.answers)
    found = extract(
        text, first_line=spec.first_line, choices=tuple(question.choices) if "{choices}" in spec.style.template else (),
        number=number and spec.preset != "paper",
    )  # fmt: skip
    said, language, right = found.answer or "", question.language, tuple(question.answers)
    where = match_in(said, {language: right, **golds}) if found.answer is not None else None
    verdict = judge(text, target=language, hints=spec.languages)
    return answer.model_copy(
        update={
            "text": text,
            "answer": found.answer,
            "trace": found.trace,
            "language": verdict.whole.language,
            "right_in": where,
            "scores": {
                **answer.scores,
                "em": best_match(said, right, language),
                "em_fixed": best_match(said, right, language, "fixed"),
                "f1": best_f1(said, right, language),
                "f1_fixed": best_f1(said, right, language, "fixed"),
                "any_language": float(where is not None),
                "unparsed": float(found.answer is None),
                "wrong_language": float(verdict.in_target is False),
            },
        }
    )


def _ranked(question: Question, answer: Answer, logs: list[float]) -> Answer:
    """Score the ranking of the choices: by their log-likelihood, and by that per byte of UTF-8."""
    right = question.choices.index(question.answers[0])
    per_byte = [value / len(choice.encode()) for value, choice in zip(logs, question.choices, strict=True)]
    scores = {
        "choice": float(max(range(len(logs)), key=logs.__getitem__) == right),
        "choice_norm": float(max(range(len(logs)), key=per_byte.__getitem__) == right),
    }
    return answer.model_copy(update={"logprobs": tuple(logs), "scores": {**answer.scores, **scores}})


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d[\d.,]*", text) is not None


EVALUATE = Analysis(
    kind="evaluate",
    stages=(
        Stage("ask", "Asking questions", plan_blocks, ask_block),
        Stage("table", "Putting the table together", plan_once, write_table),
    ),
    settle=settle_experiment,
)
