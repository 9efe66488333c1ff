"""The conditions of an evaluation: the model as it is, with a set changed, and with random neurons changed."""

from dataclasses import dataclass

import numpy as np
import torch

from app.contracts.evaluations import CHANGED, NORMAL, EvaluateSpec, OwnTop
from app.contracts.harness import HarnessSpec
from app.contracts.interventions import POSITION_WORDS, Intervention
from app.db.runs import finished_run
from app.db.sets import Pairs
from app.jobs.analysis import Context
from app.text.identify import closest
from app.text.plural import counted
from worker.analyses.changing import done_words, replacement
from worker.analyses.chosen import as_tensors, best_of_run, by_layer, set_of
from worker.model.edits import MakeReplace, Neurons
from worker.model.language_model import LanguageModel
from worker.numerics.controls import matched


@dataclass(frozen=True)
class Condition:
    """A name, the neurons that are changed under it, by layer, and how they are replaced, alike in all conditions."""

    name: str
    neurons: Neurons
    make: MakeReplace


def chosen_neurons(
    context: Context, model: LanguageModel, spec: EvaluateSpec | HarnessSpec, language: str
) -> Pairs | None:
    """What is changed when questions in a language are asked; None: nothing. Raises NotFound, BadInput."""
    set_id = spec.set_of(language)
    if set_id is not None:
        with context.session() as session:
            return set_of(session, model, set_id).neurons
    return None if spec.top is None else read_top(context, model, spec.top, language)


def read_top(context: Context, model: LanguageModel, top: OwnTop, language: str) -> Pairs | None:
    """The best neurons of a language in a run, ascending; None for a language without scores, as the pivot.

    Another spelling of the language will do: zh for zh-Hans, pt for pt-BR. Equal scores go by layer, then neuron.
    Raises NotFound for a run that is gone, Conflict for one without scores.
    """
    with context.session() as session:
        run = finished_run(session, top.run_id)
        spoken = closest(language, run.spec.languages) if language else None
        return None if spoken is None else best_of_run(session, run, top.type, spoken, top.measure, top.count)


def conditions(
    context: Context, model: LanguageModel, spec: EvaluateSpec | HarnessSpec, language: str
) -> list[Condition]:
    """All conditions in their order: normal, set, control 0, control 1, ...

    Raises NotFound, and BadInput for an intervention that cannot be made.
    """
    neurons = chosen_neurons(context, model, spec, language)
    if neurons is None:
        return [Condition(NORMAL, {}, lambda _layer, _neurons: torch.zeros_like)]
    with context.session() as session:
        make = replacement(session, model, spec.intervention)
    own = by_layer(neurons)
    draws = matched(own, model.neurons, spec.controls.draws, spec.controls.seed)
    changed = {CHANGED: own} | {f"control {number}": draw for number, draw in enumerate(draws)}
    return [Condition(NORMAL, {}, make), *(Condition(name, as_tensors(one), make) for name, one in changed.items())]


def in_words(neurons: Pairs, intervention: Intervention) -> str:
    """What is changed, in a sentence."""
    layers = np.unique(neurons[:, 0])
    span = f"layer {layers[0]}" if len(layers) == 1 else f"layers {layers[0]} to {layers[-1]}"
    noun = counted(len(neurons), "neuron")
    return f"{noun} in {span} {done_words(intervention)} at {POSITION_WORDS[intervention.positions]}"
