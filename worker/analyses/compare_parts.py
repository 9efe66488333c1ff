"""What a comparison is made of before a token is written: set, controls, rows and batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.comparisons import CompareSpec, Role
from app.contracts.interventions import Controls
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.errors import BadInput
from worker.analyses.chosen import by_layer
from worker.model.language_model import LanguageModel
from worker.numerics.controls import matched, matched_by_size

ROWS_AT_ONCE = 24  # texts a batch; the first batch, which is watched, holds whole samples at most
Pairs = NDArray[np.int32]


@dataclass(frozen=True)
class Row:
    """One text to be written."""

    role: Role
    draw: int
    sample: int


def run_languages(session: Session, spec: CompareSpec) -> tuple[str, ...]:
    """The languages of the run that a comparison belongs to, none without one: what its texts may be in."""
    run_id = spec.lens_run or spec.intervention.run_id
    return finished_run(session, run_id).spec.all_languages if run_id else ()


def control_draws(
    session: Session, model: LanguageModel, spec: CompareSpec, neurons: Pairs
) -> list[dict[int, NDArray[np.int64]]]:
    """The neurons of every control draw. Raises BadInput where a layer has too few neurons left."""
    chosen, asked = by_layer(neurons), spec.controls
    if asked.match == "layer" or not asked.draws:
        return matched(chosen, model.neurons, asked.draws, asked.seed)
    return matched_by_size(chosen, _sizes(session, model, spec, asked, list(chosen)), asked.draws, asked.seed)


def _sizes(
    session: Session, model: LanguageModel, spec: CompareSpec, asked: Controls, layers: Sequence[int]
) -> dict[int, NDArray[np.floating]]:
    """How much each neuron of a layer writes: root mean square activation over a run's languages x |value vector|."""
    run_id = spec.intervention.run_id or spec.lens_run
    if run_id is None:
        raise BadInput(
            "Controls matched by size need activations, and no run was chosen to take them from. "
            "Match by layer only, or choose a run."
        )
    run, store = finished_run(session, run_id), ArrayStore(session)
    if (run.summary.layers, run.summary.neurons) != (model.layers, model.neurons):
        raise BadInput(f"The run “{run.row.name}” is of a model of another shape; choose a run of this model.")
    squares = np.zeros((model.layers, model.neurons))
    for language in run.spec.all_languages:
        mean = store.get(run_id, names.ACTIVATION_MEAN.format(language=language)).astype(np.float64)
        spread = store.get(run_id, names.ACTIVATION_SD.format(language=language)).astype(np.float64)
        squares += np.nan_to_num(mean**2 + spread**2)
    root = np.sqrt(squares / len(run.spec.all_languages))
    return {layer: root[layer] * model.value_vectors(layer).norm(dim=1).double().cpu().numpy() for layer in layers}


def batches_of(samples: int, draws: int) -> list[list[Row]]:
    """All texts in batches: first those that are watched (normal, ablated and the first control), sample by sample."""
    roles: tuple[Role, ...] = ("normal", "ablated", "control")
    watched = roles if draws else roles[:2]
    first = [[Row(role, 0, sample) for role in watched] for sample in range(samples)]
    rest = [Row("control", draw, sample) for draw in range(1, draws) for sample in range(samples)]
    together = max(1, ROWS_AT_ONCE // len(watched))
    found = [list(chain(*first[start : start + together])) for start in range(0, samples, together)]
    return found + [rest[start : start + ROWS_AT_ONCE] for start in range(0, len(rest), ROWS_AT_ONCE)]
