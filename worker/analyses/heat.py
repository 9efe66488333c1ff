"""The activation at every token of the example sentences: the heat map of a neuron's page."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.jobs.analysis import Commit, Context
from worker.analyses.opened import scanned_model
from worker.analyses.shards import sentence_ids, texts_of
from worker.model.reading import read_token_activations

_PART = names.PART + "heat/{language}/{layer}"  # float16 [sum of tokens] in the order neuron, example
_BLOCK = 64  # sentences whose token activations are held at once


def plan_languages(context: Context, spec: ScanSpec) -> list[dict[str, Any]]:
    """One piece a language."""
    return [{"language": language} for language in spec.all_languages]


def read_examples(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """One more forward pass over the language's example sentences, read at every token for the chosen neurons."""
    model, language = scanned_model(context, spec), str(piece["language"])
    column = spec.all_languages.index(language)
    with context.session() as session:
        store = ArrayStore(session)
        chosen = [store.get(spec.run_id, names.DETAIL_NEURONS.format(layer=layer)) for layer in range(model.layers)]
        tops = [
            store.get(spec.run_id, names.DETAIL_TOP.format(layer=layer))[:, column] for layer in range(model.layers)
        ]
        rows = np.unique(np.concatenate([top.reshape(-1) for top in tops]))
        rows = rows[rows >= 0]
        texts = texts_of(session, sentence_ids(session, spec.run_id, language)[rows])
        lengths = np.diff(store.get(spec.run_id, names.TOKEN_OFFSETS.format(language=language)))
    heats = [_Heat(top, lengths) for top in tops]
    neurons = {layer: torch.from_numpy(some.astype(np.int64)) for layer, some in enumerate(chosen) if len(some)}
    starts = np.cumsum([0, *(len(some) for some in chosen)])
    for start in range(0, len(rows), _BLOCK):
        context.check()
        block = rows[start : start + _BLOCK]
        found = read_token_activations(model, texts[start : start + _BLOCK], neurons, spec.settings.batch_tokens)
        for row, sentence in zip(block, found, strict=True):
            for layer, heat in enumerate(heats):
                heat.fill(int(row), sentence.activations[:, starts[layer] : starts[layer + 1]].numpy())
        context.progress((start + len(block)) / len(rows))

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for layer, heat in enumerate(heats):
            store.put(spec.run_id, _PART.format(language=language, layer=layer), heat.values)
        return {"sentences": len(rows)}

    return commit


class _Heat:
    """The token activations of one layer's examples in one language, filled sentence by sentence."""

    def __init__(self, top: NDArray[np.int32], lengths: NDArray[np.int64]) -> None:
        flat = top.reshape(-1)
        sizes = np.where(flat >= 0, lengths[np.maximum(flat, 0)], 0)
        self._offsets = np.concatenate([[0], np.cumsum(sizes)])
        self._examples = top.shape[1]
        order = np.argsort(flat, kind="stable")
        self._slots, self._sorted = order, flat[order]
        self.values = np.zeros(int(self._offsets[-1]), dtype=np.float16)

    def fill(self, row: int, values: NDArray[np.float32]) -> None:
        """Put the activations [tokens, m] of a sentence where neurons list it."""
        first, last = np.searchsorted(self._sorted, [row, row + 1])
        for slot in self._slots[first:last]:
            start, stop = self._offsets[slot], self._offsets[slot + 1]
            self.values[start:stop] = values[: stop - start, slot // self._examples]


def assemble_heat(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Join the languages' parts of a layer into one array in the order neuron, language, example."""
    layer = int(piece["layer"])

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        top = store.get(spec.run_id, names.DETAIL_TOP.format(layer=layer))  # [m, K, examples]
        sizes = np.zeros(top.shape, dtype=np.int64)
        sources = np.zeros(top.shape, dtype=np.int64)
        joined = []
        before = 0
        for column, language in enumerate(spec.all_languages):
            lengths = np.diff(store.get(spec.run_id, names.TOKEN_OFFSETS.format(language=language)))
            rows = top[:, column]
            sizes[:, column] = np.where(rows >= 0, lengths[np.maximum(rows, 0)], 0)
            ends = np.cumsum(sizes[:, column])
            sources[:, column] = before + (ends - sizes[:, column].reshape(-1)).reshape(rows.shape)
            part = store.get(spec.run_id, _PART.format(language=language, layer=layer))
            joined.append(part)
            before += len(part)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        values = np.concatenate(joined)[_gather(sources.reshape(-1), sizes.reshape(-1))]
        store.put(spec.run_id, names.DETAIL_HEAT_OFFSETS.format(layer=layer), offsets)
        store.put(spec.run_id, names.DETAIL_HEAT.format(layer=layer), values)
        return {"tokens": len(values)}

    return commit


def _gather(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions start, start + 1, ... start + size - 1 of every slice, one slice after the other."""
    ends = np.cumsum(sizes)
    total = int(sizes.sum())
    places: NDArray[np.int64] = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - sizes), sizes)
    return places
