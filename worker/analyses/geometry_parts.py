"""What the stages of a geometry experiment share: temporary arrays, neurons of every condition, normal readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.contracts.geometry import GeometrySpec
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.jobs.analysis import Context
from worker.analyses.chosen import as_tensors, by_layer
from worker.analyses.shards import sentence_ids, stored_tensor, texts_of
from worker.model.edits import Neurons
from worker.model.language_model import LanguageModel
from worker.numerics.controls import matched

ROWS = names.PART + "rows/{language}"  # int64 [n, 2] rows of the pivot's and the language's reading order; pivot: [n]
STATES = names.PART + "normal/{language}/{block:04d}/states"  # float32 [levels, n, d]
ACTIVATIONS = names.PART + "normal/{language}/{block:04d}/activations"  # float32 [layers, n, F]
MEASURED = names.PART + "measured/{type}/{language}/{condition}/"  # then:
AT_LEVELS, AT_LAYERS, CENTROIDS, ON_MAP = "levels", "layers", "centroids", "map"  # the last two not of every condition

_KEPT = "geometry"  # key in the process's cache: the normal readings of one pair of languages at a time


@dataclass(frozen=True)
class Normal:
    """What was read of a language without any change, and of the parallel pivot sentences; rows are pairs."""

    states: Tensor  # float32 [levels, n, d]
    activations: Tensor  # float32 [layers, n, F]
    pivot_states: Tensor
    pivot_activations: Tensor


def texts_of_rows(session: Session, spec: GeometrySpec, run: FinishedRun, language: str) -> list[str]:
    """The sentences of a language that the experiment reads, in its order."""
    rows = ArrayStore(session).get(spec.experiment_id, ROWS.format(language=language))
    own = rows if language == run.spec.pivot else rows[:, 1]
    return texts_of(session, sentence_ids(session, run.id, language)[own])


def normal_readings(context: Context, spec: GeometrySpec, language: str) -> Normal:
    """The stored normal readings of a language; kept in memory for the next piece of the same language."""
    key = (spec.experiment_id, language)
    kept = context.cache.get(_KEPT)
    if isinstance(kept, tuple) and kept[0] == key and isinstance(kept[1], Normal):
        return kept[1]
    context.cache.pop(_KEPT, None)
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        rows = ArrayStore(session).get(spec.experiment_id, ROWS.format(language=language))
        pivot_rows = ArrayStore(session).get(spec.experiment_id, ROWS.format(language=run.spec.pivot))
        place = torch.from_numpy(np.searchsorted(pivot_rows, rows[:, 0]))
        found = Normal(
            _gathered(session, spec, language, STATES, len(rows)),
            _gathered(session, spec, language, ACTIVATIONS, len(rows)),
            _gathered(session, spec, run.spec.pivot, STATES, len(pivot_rows))[:, place],
            _gathered(session, spec, run.spec.pivot, ACTIVATIONS, len(pivot_rows))[:, place],
        )
    context.cache[_KEPT] = (key, found)
    return found


def forget_readings(context: Context) -> None:
    """Free what `normal_readings` keeps."""
    context.cache.pop(_KEPT, None)


def _gathered(session: Session, spec: GeometrySpec, language: str, name: str, rows: int) -> Tensor:
    blocks = range(-(-rows // spec.block_sentences))
    parts = [
        stored_tensor(session, spec.experiment_id, name.format(language=language, block=block)) for block in blocks
    ]
    return torch.cat(parts, dim=1)


def neurons_of(
    session: Session, spec: GeometrySpec, model: LanguageModel, kind: int, language: str, condition: str
) -> Neurons:
    """The neurons that a condition zeroes in a language's sentences; none in `normal`."""
    what, _, which = condition.partition("/")
    if what == "normal":
        return {}
    owner = which if what == "from" else language
    chosen = by_layer(ArrayStore(session).get(spec.experiment_id, contract.NEURONS.format(type=kind, language=owner)))
    if what == "draw":
        draws = matched(chosen, model.neurons, int(which) + 1, spec.seed)
        chosen = draws[int(which)]
    return as_tensors(chosen)


def pieces_of(spec: GeometrySpec, languages: Sequence[str]) -> list[dict[str, Any]]:
    """Every condition of every language and type; language by language, for the readings that are kept in memory."""
    return [
        {"language": language, "type": kind, "condition": condition}
        for language in languages
        for kind in spec.types
        for condition in spec.conditions(language, tuple(languages))
    ]
