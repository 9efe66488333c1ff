"""The best neurons of a run by one measure: how many candidates there are, and which are chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts.sets import MEASURE_ARRAYS, TopOrigin
from app.db.runs import FinishedRun, finished_run
from app.errors import BadInput
from app.text.plural import counted, plural

Read = Callable[[str, str], NDArray[Any]]  # owner and name of an array -> the array


@dataclass(frozen=True, slots=True)
class TopChoice:
    """What an origin chooses: `origin` with its layers spelled out, `neurons` [n, 2] ascending, and their values."""

    run: FinishedRun
    origin: TopOrigin
    candidates: int
    neurons: NDArray[np.int32]
    highest: float
    lowest: float
    beyond: int  # layers asked for that are no candidates of the type

    @property
    def per_layer(self) -> list[int]:
        """How many of the chosen neurons each layer of the model has."""
        counts: list[int] = np.bincount(self.neurons[:, 0], minlength=self.run.summary.layers).tolist()
        return counts


def choose_top(session: Session, read: Read, asked: TopOrigin) -> TopChoice:
    """The neurons that `asked` names; equal values by layer, then neuron; neurons without a value are no candidates.

    A share is rounded to whole neurons, one at least. Raises NotFound, Conflict for an unfinished run, and BadInput for
    a language, layers or a number that this run does not have.
    """
    run = finished_run(session, asked.run_id)
    if asked.language not in run.spec.languages:
        what = "is the pivot and has no scores" if asked.language == run.spec.pivot else "is not in this run"
        known = ", ".join(run.spec.languages)
        raise BadInput(f"The language {asked.language[:35]} {what}. Choose one of {known}.")
    layers = _layers(run, asked)
    name = MEASURE_ARRAYS[asked.measure].format(type=asked.type, language=asked.language)
    values = read(run.owner, name)[layers.start : layers.stop].reshape(-1)
    finite = np.flatnonzero(np.isfinite(values))
    count = asked.count if asked.count is not None else max(1, round((asked.share or 0.0) * len(finite)))
    if count > len(finite):
        where = f"layer {layers.start}" if len(layers) == 1 else f"the layers {layers.start}–{layers.stop - 1}"
        known = f"{plural(len(finite), 'is', 'are')} {counted(len(finite), 'candidate')}"
        asked_for = counted(count, "neuron was", "neurons were")
        raise BadInput(f"There {known} in {where}, but {asked_for} asked for.")
    best = finite[np.argsort(-values[finite], kind="stable")[:count]]
    size = run.summary.neurons
    chosen = np.sort(best) + layers.start * size
    allowed = run.summary.candidates(asked.type)
    return TopChoice(
        run=run,
        origin=asked.model_copy(update={"first_layer": layers.start, "last_layer": layers.stop - 1}),
        candidates=len(finite),
        neurons=np.stack(np.divmod(chosen, size), axis=1).astype(np.int32),
        highest=float(values[best[0]]),
        lowest=float(values[best[-1]]),
        beyond=sum(layer not in allowed for layer in layers),
    )


def _layers(run: FinishedRun, asked: TopOrigin) -> range:
    allowed, last = run.summary.candidates(asked.type), run.summary.layers - 1
    first = allowed.start if asked.first_layer is None else asked.first_layer
    stop = allowed.stop - 1 if asked.last_layer is None else asked.last_layer
    if max(first, stop) > last:
        raise BadInput(f"{run.model.name} has the layers 0–{last}; there is no layer {max(first, stop)}.")
    if first > stop:
        raise BadInput(f"No layer is from {first} to {stop}. Let the first layer be at most the last.")
    return range(first, stop + 1)
