"""The same question asked again: match, or the first mismatch, tokens before numbers."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.db.replays import replays_of, verify
from app.db.runs import find_run
from app.db.tables import Experiment
from tests.support.synthetic_run import write_synthetic_run

ANSWER: dict[str, Any] = {
    "metrics": [{"name": "rate", "normal": {"value": 0.5, "n": 3}}],
    "outputs": [{"role": "normal", "tokens": [1, 2, 3]}, {"role": "ablated", "tokens": [1, 9]}],
    "seconds": 3.0,
    "provenance": {"device": "cpu"},
}


def changed(change: Any) -> dict[str, Any]:
    other = deepcopy(ANSWER)
    change(other)
    return other


def test_time_and_machine_do_not_count() -> None:
    assert verify(ANSWER, changed(lambda one: one.update(seconds=9.0, provenance={"device": "cuda"}))) == (None, 0.0)


def test_small_differences_of_numbers_match_and_are_told() -> None:
    difference, largest = verify(ANSWER, changed(lambda one: one["metrics"][0]["normal"].update(value=0.50001)))
    assert difference is None
    assert 1e-6 < largest < 1e-4


def test_tokens_are_told_before_numbers() -> None:
    def both(one: dict[str, Any]) -> None:
        one["metrics"][0]["normal"]["value"] = 0.7
        one["outputs"][1]["tokens"][1] = 8

    assert verify(ANSWER, changed(both))[0] == "outputs 1 tokens 1: 9, then 8"
    assert verify(ANSWER, changed(lambda one: one["metrics"][0]["normal"].update(value=0.7)))[0] == (
        "metrics 0 normal value: 0.5, then 0.7"
    )
    shorter = changed(lambda one: one["outputs"][0]["tokens"].pop())
    assert verify(ANSWER, shorter)[0] == "outputs 0 tokens length: 3, then 2"
    assert verify(ANSWER, changed(lambda one: one["outputs"].pop()))[0] == "outputs length: 2, then 1"


def test_only_answers_to_the_same_question_are_read(session: Session) -> None:
    run = find_run(session, write_synthetic_run(session, layers=3, neurons=8, hidden=4, scores_only=True))
    moment = datetime(2026, 11, 3, tzinfo=UTC)

    def asked(key: str, after: int, result: dict[str, Any] | None = ANSWER, **changes: Any) -> Experiment:
        spec = {"experiment_id": key, "set_id": "s", "prompt": changes.pop("prompt", "The cat")}
        row = Experiment(id=key, kind="compare", name=key, model_id=run.model.id, run_id=run.id, job_id="j", spec=spec,
                         status="complete", result=result, created=moment + timedelta(seconds=after))  # fmt: skip
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)
        session.flush()
        return row

    first = asked("first", 0)
    later = asked("later", 9, changed(lambda one: one["outputs"].pop()))
    same = asked("same", 5)
    asked("words", 1, prompt="The dog")
    asked("kind", 2, kind="lens")
    asked("place", 3, run_id=None)
    asked("waits", 4, None, status="running")
    session.expunge_all()
    loaded: list[str] = []
    event.listen(session, "loaded_as_persistent", lambda _, row: loaded.append(row.id))
    found = replays_of(session, first)
    assert [(one.row.id, one.matches) for one in found] == [(same.id, True), (later.id, False)]
    assert sorted(loaded) == ["later", "same"]
    assert replays_of(session, asked("unanswered", 10, None)) == []
