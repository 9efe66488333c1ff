"""What a neuron's page shows beside its scores: histograms, top sentences, promoted tokens, similar neurons."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.jobs.analysis import Commit, Context
from worker.analyses.detail_selection import detailed_neurons
from worker.analyses.opened import scanned_model
from worker.analyses.shards import gathered_tensor
from worker.model.language_model import LanguageModel
from worker.numerics.statistics import histogram
from worker.numerics.vocabulary import language_makeup, promoted_tokens, similar_by_direction, token_language_posterior

BINS = 24
EXAMPLES = 5  # sentences per language
SHOWN_TOKENS = 10
MAKEUP_TOKENS = 100
SIMILAR = 8
_KEPT = "posterior"  # key in the process's cache


def plan_layers(context: Context, spec: ScanSpec) -> list[dict[str, Any]]:
    """One piece a layer."""
    return [{"layer": layer} for layer in range(scanned_model(context, spec).layers)]


def detail_layer(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Histograms, examples and promoted tokens of the chosen neurons of one layer."""
    model, layer = scanned_model(context, spec), int(piece["layer"])
    with context.session() as session:
        chosen = detailed_neurons(session, spec, model.layers, model.neurons)[layer]
        columns = torch.from_numpy(chosen.astype(np.int64))
        activations = []
        for language in spec.all_languages:
            whole = gathered_tensor(session, spec, language, names.SHARD_ACTIVATIONS.format(layer=layer))
            activations.append(whole[:, columns])
            context.check()
        posterior = _posterior(context, session, spec, model)
    found = {names.DETAIL_NEURONS: chosen, **_activation_details(activations)}
    if len(chosen):
        found |= _token_details(model, layer, columns, posterior)

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for name, array in found.items():
            store.put(spec.run_id, name.format(layer=layer), array)
        return {"neurons": len(chosen)}

    return commit


def _activation_details(activations: list[torch.Tensor]) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """Shapes: edges [m, 2], histogram [m, K, bins], top and its values [m, K, examples]."""
    low = torch.stack([part.amin(dim=0) for part in activations]).amin(dim=0)
    high = torch.stack([part.amax(dim=0) for part in activations]).amax(dim=0)
    counts = torch.stack([histogram(part, low, high, BINS) for part in activations], dim=1)
    top = torch.full((len(low), len(activations), EXAMPLES), -1, dtype=torch.int32)
    values = torch.zeros(len(low), len(activations), EXAMPLES)
    for column, part in enumerate(activations):
        size = min(EXAMPLES, len(part))
        best = part.topk(size, dim=0)
        top[:, column, :size] = best.indices.T.int()
        values[:, column, :size] = best.values.T
    return {
        names.DETAIL_EDGES: torch.stack([low, high], dim=1).numpy(),
        names.DETAIL_HISTOGRAM: counts.numpy().astype(np.int32),
        names.DETAIL_TOP: top.numpy(),
        names.DETAIL_TOP_VALUES: values.numpy(),
    }


def _posterior(context: Context, session: Session, spec: ScanSpec, model: LanguageModel) -> torch.Tensor:
    """How much of each language a vocabulary item is, [V, K + 1], from the tokens this run has read.

    Counted once for all layers that this process takes, and kept until another run asks.
    """
    kept = context.cache.get(_KEPT)
    if isinstance(kept, tuple) and kept[0] == spec.run_id and isinstance(kept[1], torch.Tensor):
        return kept[1]
    store = ArrayStore(session)
    counts = []
    for language in spec.all_languages:
        ids = store.get(spec.run_id, names.TOKEN_IDS.format(language=language))
        counts.append(torch.from_numpy(np.bincount(ids, minlength=model.vocabulary)[: model.vocabulary]))
    posterior = token_language_posterior(torch.stack(counts))
    context.cache[_KEPT] = (spec.run_id, posterior)
    return posterior


def _token_details(
    model: LanguageModel, layer: int, columns: torch.Tensor, posterior: torch.Tensor
) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """Tokens that the neurons' value vectors raise and lower most, and of which language those are."""
    vectors = model.value_vectors(layer)[columns.to(model.device)]
    size = min(MAKEUP_TOKENS, model.vocabulary // 2)
    found = promoted_tokens(vectors, model.effective_unembedding(), size)
    ids = torch.stack([found.promoted, found.suppressed], dim=1).cpu()  # [m, 2, size]
    values = torch.stack([found.promoted_values, found.suppressed_values], dim=1).cpu()
    makeup = torch.stack([language_makeup(ids[:, side], posterior) for side in range(2)], dim=1)
    return {
        names.DETAIL_PROMOTED: ids[..., :SHOWN_TOKENS].int().contiguous().numpy(),
        names.DETAIL_PROMOTED_VALUES: values[..., :SHOWN_TOKENS].contiguous().numpy(),
        names.DETAIL_MAKEUP: makeup.numpy(),
    }


def similar_layers(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """For each chosen neuron the chosen neurons of any layer whose value vectors point the same way."""
    model = scanned_model(context, spec)
    with context.session() as session:
        chosen = detailed_neurons(session, spec, model.layers, model.neurons)
    where = np.concatenate([np.stack([np.full_like(row, layer), row], 1) for layer, row in enumerate(chosen)])
    columns = [torch.from_numpy(row.astype(np.int64)).to(model.device) for row in chosen]
    vectors = torch.cat([model.value_vectors(layer)[some] for layer, some in enumerate(columns)])
    nearest, cosines = (found.cpu() for found in similar_by_direction(vectors, SIMILAR))  # [M, s] both
    rows = nearest.numpy()
    named = np.where(rows[..., None] >= 0, where[np.maximum(rows, 0)], -1).astype(np.int32)
    bounds = np.concatenate([[0], np.cumsum([len(row) for row in chosen])])

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for layer, (start, stop) in enumerate(pairwise(bounds)):
            store.put(spec.run_id, names.DETAIL_SIMILAR.format(layer=layer), named[start:stop])
            store.put(spec.run_id, names.DETAIL_SIMILAR_VALUES.format(layer=layer), cosines.numpy()[start:stop])
        return {"neurons": len(where)}

    return commit
