"""The conditions of a sweep: which neurons are changed in each of them, and what their activations become."""

from dataclasses import dataclass

from app.contracts.interventions import POSITION_WORDS
from app.contracts.sets import Measure, NeuronType
from app.contracts.sweeps import Arm, DoseSpec, MatrixSpec, PromptsSpec
from app.db.runs import finished_run
from app.db.sets import Pairs
from app.errors import BadInput
from app.jobs.analysis import Context
from worker.analyses.chosen import as_tensors, best_of_run, by_layer, set_of
from worker.model.edits import Neurons
from worker.model.language_model import LanguageModel
from worker.numerics.controls import matched
from worker.registry import INTERVENTIONS

SweepSpec = PromptsSpec | DoseSpec | MatrixSpec


@dataclass(frozen=True)
class Condition:
    """A named way to run the model; `dose` is how many neurons are changed."""

    arm: Arm
    neurons: Neurons
    ablated: str = ""
    draw: int = 0
    asked: int = 0  # what the dose was meant to be, before it was clipped

    @property
    def dose(self) -> int:
        """How many neurons are changed."""
        return sum(len(chosen) for chosen in self.neurons.values())


def conditions(context: Context, model: LanguageModel, spec: SweepSpec, language: str) -> list[Condition]:
    """Every condition under which prompts of a language are asked, normal first. Raises BadInput, NotFound."""
    if isinstance(spec, PromptsSpec):
        with context.session() as session:
            own = set_of(session, model, spec.set_id).neurons
        return [_NORMAL, *_beside("set", "control", own, "", model, spec)]
    if isinstance(spec, MatrixSpec):
        found = [_NORMAL]
        for ablated in spec.ablated:
            own = run_best(context, spec.run_id, ablated, spec.type, spec.measure, spec.top)
            found += _beside("set", "control", own, ablated, model, spec)
        return found
    return [_NORMAL, *_doses(context, model, spec, language)]


def _doses(context: Context, model: LanguageModel, spec: DoseSpec, language: str) -> list[Condition]:
    """Both types at each dose with their controls; the pivot, which has no neurons of its own, has none."""
    found: list[Condition] = []
    types: tuple[tuple[NeuronType, Arm, Arm], ...] = ((1, "type1", "control1"), (2, "type2", "control2"))
    for kind, arm, control in types:
        done: set[int] = set()
        for dose in sorted(dose for dose in spec.doses if dose > 0):
            own = run_best(context, spec.run_id, language, kind, spec.measure, dose)
            if len(own) not in done:  # the same neurons once, however large a dose was asked for
                done.add(len(own))
                found += _beside(arm, control, own, language, model, spec)
    return found


def _beside(
    arm: Arm, control: Arm, neurons: Pairs, ablated: str, model: LanguageModel, spec: SweepSpec
) -> list[Condition]:
    """A set and its layer-matched draws. No draws where the set leaves too few neurons of a layer."""
    own = by_layer(neurons)
    found = [Condition(arm, as_tensors(own), ablated)]
    try:
        draws = matched(own, model.neurons, spec.controls.draws, spec.controls.seed)
    except BadInput:
        if isinstance(spec, PromptsSpec):
            raise
        draws = []
    return found + [Condition(control, as_tensors(draw), ablated, number) for number, draw in enumerate(draws)]


_NORMAL = Condition("normal", {})


def run_best(context: Context, run_id: str, language: str, kind: NeuronType, measure: Measure, count: int) -> Pairs:
    """The best neurons of a language by a run's measure. Raises NotFound, Conflict, BadInput for a language without."""
    with context.session() as session:
        run = finished_run(session, run_id)
        if language not in run.spec.languages:
            raise BadInput(f"The run has no neurons of “{language}”. It has them of: {', '.join(run.spec.languages)}.")
        return best_of_run(session, run, kind, language, measure, count)


def in_words(spec: SweepSpec) -> str:
    """What is done to neurons and where, as the page says it."""
    name = spec.intervention.name
    method = INTERVENTIONS[name]
    done = "zeroed" if name == "zero" else f"changed ({method.title.lower()})"
    return f"Neurons {done} at {POSITION_WORDS[spec.intervention.positions]}."
