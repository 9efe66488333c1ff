"""The neurons that a job changes: a stored set, the best of a run, random ones beside them; as pairs or by layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts.sets import MEASURE_ARRAYS, Measure
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun
from app.db.sets import Pairs, StoredSet, find_set
from app.errors import BadInput
from worker.model.edits import Neurons
from worker.model.language_model import LanguageModel
from worker.numerics import overlap

ByLayer = Mapping[int, NDArray[np.int64]]


def set_of(session: Session, model: LanguageModel, set_id: str) -> StoredSet:
    """The set. Raises NotFound, and BadInput for one of a model of another shape."""
    found = find_set(session, set_id)
    if (found.row.layers, found.row.neurons) != (model.layers, model.neurons):
        raise BadInput(
            f"The set “{found.title}” is for a model of {found.row.layers} layers with {found.row.neurons:,} neurons "
            f"each; this one has {model.layers} with {model.neurons:,}. Choose a set of a model of this shape."
        )
    return found


def best_of_run(session: Session, run: FinishedRun, kind: int, language: str, measure: Measure, count: int) -> Pairs:
    """The best candidates of a language, ascending; all, if there are fewer; the language must have scores."""
    scores = ArrayStore(session).get(run.owner, MEASURE_ARRAYS[measure].format(type=kind, language=language))
    layers = run.summary.candidates(kind)
    ids = overlap.best(scores, count, layers.start, layers.stop)
    return np.stack(np.divmod(ids, run.summary.neurons), axis=1).astype(np.int32)


def by_layer(pairs: NDArray[Any]) -> dict[int, NDArray[np.int64]]:
    """Neurons [n, 2] as the ones of each layer."""
    return {int(layer): pairs[pairs[:, 0] == layer, 1].astype(np.int64) for layer in np.unique(pairs[:, 0])}


def as_pairs(neurons: ByLayer) -> tuple[tuple[int, int], ...]:
    """The neurons of all layers, ascending by layer."""
    return tuple((layer, int(one)) for layer, found in sorted(neurons.items()) for one in found)


def as_tensors(neurons: ByLayer) -> Neurons:
    """The same for a model."""
    return {layer: torch.from_numpy(found) for layer, found in neurons.items()}
