"""The table of an evaluation: shares with intervals, paired differences, McNemar, from the stored answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts.comparisons import Rate
from app.contracts.evaluations import (
    CHANGED,
    EVERY_LANGUAGE,
    GRADED,
    METRICS,
    NORMAL,
    Cell,
    EvaluateResult,
    EvaluateSpec,
    Item,
    Threshold,
)
from app.db.tables import EvaluationItem, Experiment, QuestionSet
from app.errors import BadInput, NotFound
from app.jobs.analysis import Commit, Context
from worker.analyses.chosen import as_pairs, by_layer
from worker.analyses.conditions import chosen_neurons, in_words
from worker.analyses.evaluate_choice import chosen_questions
from worker.analyses.opened import card_words, open_model
from worker.numerics.controls import matched
from worker.numerics.paired import bootstrap_difference, mcnemar

TOO_LONG = "longer than the model can read"
LEAST = (0.5, 0.8)  # clean F1 of the questions that the paper looks at

Scores = dict[str, torch.Tensor]  # by condition [n]


def write_table(context: Context, spec: EvaluateSpec, piece: dict[str, Any]) -> Commit:
    """The result of an evaluation whose questions are all answered. Raises BadInput if there was none to ask."""
    with context.session() as session:
        items = {language: stored_items(session, spec.experiment_id, language) for language in spec.languages}
        skipped, name = _skipped(session, spec, items), session.get_one(QuestionSet, spec.question_set_id)
        provenance = {"questions": name.name, "questions_hash": name.content_hash}
    if not any(items.values()):
        raise BadInput(
            "There was no question to ask: all are of kinds that are skipped, longer than the model can read, or have "
            "no choices to rank."
        )
    parts = [language for language, found in items.items() if found]
    every = [item for found in items.values() for item in found]
    groups = [(part, items[part]) for part in parts] + ([(EVERY_LANGUAGE, every)] if len(parts) > 1 else [])
    measured = tuple(metric for metric in METRICS if any(metric in item.answers[0].scores for item in every))
    cells = [cell for part, found in groups for cell in table_cells(part, found, measured, spec.seed)]
    words, controls = _changed(context, spec, parts)
    model = open_model(context, spec.model_id, spec.dtype)
    result = EvaluateResult(
        parts=tuple(part for part, _ in groups),
        metrics=measured,
        draws=spec.controls.draws if words else 0,
        cells=tuple(cells),
        thresholds=tuple(row for part, found in groups for row in thresholds(part, found)),
        skipped=skipped,
        words=words,
        control_neurons=controls,
        provenance={**provenance, **card_words(model)},
    )
    return store_result(spec.experiment_id, result)


def store_result(experiment_id: str, result: EvaluateResult) -> Commit:
    """Write a result into its experiment."""

    def commit(session: Session) -> dict[str, Any]:
        row = session.get(Experiment, experiment_id)
        if row is None:
            raise NotFound(f"The experiment {experiment_id} was deleted.")
        row.result = result.model_dump(mode="json")
        return {"cells": len(result.cells)}

    return commit


def stored_items(session: Session, experiment_id: str, part: str) -> list[Item]:
    """The answered questions of one part, in order."""
    query = select(EvaluationItem.data).where(
        EvaluationItem.experiment_id == experiment_id, EvaluationItem.part == part
    )
    return [Item.model_validate(data) for data in session.scalars(query.order_by(EvaluationItem.number))]


def table_cells(part: str, items: Sequence[Item], metrics: Sequence[str], seed: int) -> Iterator[Cell]:
    """One cell a metric, over the questions that have it."""
    for metric in metrics:
        scores = by_condition(items, metric)
        if not scores:
            continue
        normal, changed = scores[NORMAL], scores.get(CHANGED)
        controls = [values for name, values in scores.items() if name not in (NORMAL, CHANGED)]
        draws = torch.stack(controls) if controls else None
        binary = metric not in GRADED and all(bool(((one == 0) | (one == 1)).all()) for one in scores.values())
        yield Cell(
            part=part,
            metric=metric,
            n=len(normal),
            normal=_mean(normal[None], seed),
            changed=None if changed is None else _mean(changed[None], seed),
            control=None if draws is None else _mean(draws, seed),
            drop=None if changed is None else _difference(normal[None], changed[None], seed),
            beyond=None if draws is None or changed is None else _difference(draws, changed[None], seed),
            p=None if changed is None or not binary else mcnemar(normal, changed),
            p_control=None if changed is None or draws is None or not binary else mcnemar(draws[0], changed),
        )


def by_condition(items: Sequence[Item], metric: str) -> Scores:
    """Scores of every condition, of the questions that have the metric under all of them; empty if none has."""
    having = [item for item in items if metric in item.answers[0].scores]
    if not having:
        return {}
    # A language without neurons to change, such as the pivot, has the normal condition alone: pairs need all.
    most = max(len(item.answers) for item in having)
    having = [item for item in having if len(item.answers) == most]
    names = [answer.condition for answer in having[0].answers]
    return {
        name: torch.tensor([item.answers[place].scores[metric] for item in having], dtype=torch.float64)
        for place, name in enumerate(names)
    }


def thresholds(part: str, items: Sequence[Item]) -> Iterator[Threshold]:
    """Mean F1 of the questions that the unchanged model answers well, as the paper selects them."""
    scores = by_condition(items, "f1")
    for least in LEAST if scores else ():
        kept = scores[NORMAL] >= least
        if not bool(kept.any()):
            continue
        controls = [values[kept].mean() for name, values in scores.items() if name not in (NORMAL, CHANGED)]
        yield Threshold(
            part=part,
            least=least,
            n=int(kept.sum()),
            normal=float(scores[NORMAL][kept].mean()),
            changed=float(scores[CHANGED][kept].mean()) if CHANGED in scores else None,
            control=float(torch.stack(controls).mean()) if controls else None,
        )


def _mean(values: torch.Tensor, seed: int) -> Rate:
    return _difference(values, torch.zeros(1, values.shape[1], dtype=torch.float64), seed)


def _difference(first: torch.Tensor, second: torch.Tensor, seed: int) -> Rate:
    value, low, high = bootstrap_difference(first, second, seed)
    known = low == low  # nan for a single question
    return Rate(value=value, low=low if known else None, high=high if known else None, n=first.shape[1])


def _changed(context: Context, spec: EvaluateSpec, parts: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What was changed in each language, in words, and the neurons of its control draws."""
    model = open_model(context, spec.model_id, spec.dtype)
    words: dict[str, str] = {}
    controls: dict[str, Any] = {}
    for part in parts:
        neurons = chosen_neurons(context, model, spec, part)
        if neurons is None:
            continue
        words[part] = in_words(neurons, spec.intervention)
        draws = matched(by_layer(neurons), model.neurons, spec.controls.draws, spec.controls.seed)
        controls[part] = tuple(as_pairs(draw) for draw in draws)
    return words, controls


def _skipped(session: Session, spec: EvaluateSpec, items: Mapping[str, Sequence[Item]]) -> dict[str, dict[str, int]]:
    """By language and reason: kinds that are not asked, and chosen questions that the model cannot read."""
    found: dict[str, dict[str, int]] = {}
    for language in spec.languages:
        chosen, kinds = chosen_questions(session, spec, language)
        long = len(chosen) - len(items[language])
        found[language] = kinds | ({TOO_LONG: long} if long else {})
    return {language: kinds for language, kinds in found.items() if kinds}
