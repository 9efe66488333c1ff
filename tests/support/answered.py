"""Answers of evaluations as a worker leaves them, made up: the table of conditions and the questions behind it."""

from sqlalchemy.orm import Session

from app.contracts.comparisons import Rate
from app.contracts.evaluations import (
    EVERY_LANGUAGE,
    Answer,
    Cell,
    EvaluateResult,
    EvaluateSpec,
    Item,
    OwnTop,
    Threshold,
)
from app.contracts.harness import HarnessSpec
from app.contracts.ids import new_id
from app.contracts.interventions import Controls
from app.db.runs import finished_run
from app.db.session import utc_now
from app.db.tables import EvaluationItem, Experiment

METRICS = ("em", "f1", "f1_fixed", "any_language", "unparsed", "wrong_language")
TASKS = ("mmlu_prox_lite_ja", "a_task_whose_name_is_much_longer_than_any_language_of_the_world")


def rate(value: float, n: int = 8) -> Rate:
    """A share with an interval of a tenth to either side."""
    return Rate(value=value, low=max(value - 0.1, 0.0), high=min(value + 0.1, 1.0), n=n)


def cell(part: str, metric: str, *, changed: bool = True) -> Cell:
    """Normal .8, switched off .3, control .7; errors .1, .4, .2."""
    normal, off, control = (0.1, 0.4, 0.2) if metric in ("unparsed", "wrong_language") else (0.8, 0.3, 0.7)
    if not changed:
        return Cell(part=part, metric=metric, n=8, normal=rate(normal))
    return Cell(
        part=part, metric=metric, n=8, normal=rate(normal), changed=rate(off), control=rate(control),
        drop=Rate(value=normal - off, low=-0.5, high=0.6, n=8),
        beyond=Rate(value=control - off, low=-0.4, high=0.5, n=8),
        p=None if metric.startswith("f1") else 0.031, p_control=None if metric.startswith("f1") else 0.25,
    )  # fmt: skip


def question(part: str, number: int, metrics: tuple[str, ...]) -> Item:
    """A question that the changed model gets wrong, with markup in it."""

    def answer(condition: str, text: str, score: float) -> Answer:
        return Answer(condition=condition, text=f"{text}\nand on", answer=text, trace=("first line",), language=part,
                      scores=dict.fromkeys(metrics, score))  # fmt: skip

    answers = (answer("normal", "<b>Rome</b>", 1.0), answer("set", "roma " * 30, 0.0), answer("control 0", "Rome", 1.0))
    return Item(
        key=f"q{number}", kind="entity", source=f"questions.jsonl:{number + 1}", question=f"Where is it, {number}?",
        prompt=f"Where is it, {number}? Answer:", golds=("Rome", "Roma"), answers=answers,
    )  # fmt: skip


def write_evaluation(session: Session, run_id: str) -> str:
    """Store a finished evaluation in all languages of a run, its pivot without neurons of its own; gives its id."""
    run, experiment = finished_run(session, run_id), new_id()
    languages = run.spec.all_languages
    spec = EvaluateSpec(
        experiment_id=experiment, model_id=run.model.id, question_set_id="none", languages=tuple(sorted(languages)),
        top=OwnTop(run_id=run_id, type=2, count=5), controls=Controls(draws=5),
    )  # fmt: skip
    parts = (*spec.languages, EVERY_LANGUAGE)
    result = EvaluateResult(
        parts=parts, metrics=METRICS, draws=5,
        cells=tuple(cell(part, name, changed=part != run.spec.pivot) for part in parts for name in METRICS),
        thresholds=tuple(Threshold(part=part, least=0.5, n=5, normal=0.9, changed=0.4, control=0.8) for part in parts),
        skipped={"ja": {"long_answer": 3}},
        words={code: f"5 neurons in layers 0 to {row + 1} zeroed at all prompt tokens"
               for row, code in enumerate(run.spec.languages)},
        provenance={"weight_hash": "a" * 64, "dtype": "float32"},
    )  # fmt: skip
    _store(session, spec, result, run_id, "Made-up questions")
    return experiment


def write_harness(session: Session, run_id: str, metrics: tuple[str, ...] = ("acc", "wrong_language")) -> str:
    """Store two finished tasks of the harness; gives the experiment's id."""
    run, experiment = finished_run(session, run_id), new_id()
    spec = HarnessSpec(
        experiment_id=experiment, model_id=run.model.id, tasks=TASKS, language=run.spec.languages[0],
        top=OwnTop(run_id=run_id, type=1, count=5), controls=Controls(draws=2),
    )  # fmt: skip
    result = EvaluateResult(
        parts=TASKS, metrics=metrics, draws=2, cells=tuple(cell(part, name) for part in TASKS for name in metrics),
        words={EVERY_LANGUAGE: "5 neurons in layers 0 to 1 zeroed at all prompt tokens"},
    )  # fmt: skip
    _store(session, spec, result, run_id, "Made-up tasks")
    return experiment


def _store(session: Session, spec: EvaluateSpec | HarnessSpec, result: EvaluateResult, run_id: str, name: str) -> None:
    session.add(
        Experiment(
            id=spec.experiment_id, kind=spec.kind, name=name, model_id=spec.model_id, run_id=run_id, job_id="none",
            spec=spec.model_dump(mode="json"), status="complete", result=result.model_dump(mode="json"),
            created=utc_now(), finished=utc_now(),
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        EvaluationItem(experiment_id=spec.experiment_id, part=part, number=number,
                       data=question(part, number, result.metrics).model_dump(mode="json"))
        for part in result.parts if part != EVERY_LANGUAGE for number in range(3)
    )  # fmt: skip
