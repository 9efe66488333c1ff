"""Which neurons of a scan get a full page: examples, tokens, histograms."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from worker.analyses.summary import split_of

_ALL_BELOW = 8  # a model with fewer than 8 x detail_neurons neurons gets a page for every one


def detailed_neurons(session: Session, spec: ScanSpec, layers: int, neurons: int) -> list[NDArray[np.int32]]:
    """Per layer the neurons with details, ascending: the best candidates of every language and type, or all."""
    wanted = spec.settings.detail_neurons
    if layers * neurons <= _ALL_BELOW * wanted:
        return [np.arange(neurons, dtype=np.int32) for _ in range(layers)]
    store = ArrayStore(session)
    split = split_of(session, spec, layers)
    chosen = np.zeros((layers, neurons), dtype=bool)
    for language in spec.languages:
        for kind, rows in ((1, slice(0, split)), (2, slice(split, layers))):
            scores = store.get(spec.run_id, names.SCORE.format(type=kind, language=language))[rows]
            best = np.argsort(-scores, axis=None, kind="stable")[:wanted]
            chosen[rows].reshape(-1)[best] = True
    return [np.flatnonzero(row).astype(np.int32) for row in chosen]
