"""Comparing the languages at one level: centroids, parallel sentences, neighbours, dimension."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.jobs.analysis import Commit, Context
from worker.analyses import parts, shards
from worker.analyses.opened import scanned_model
from worker.numerics import alignment
from worker.numerics.centroids import centroid
from worker.numerics.projections import principal_axes

KEPT_COMPONENTS = 50  # of the states, for maps and neighbours in the original space


def plan_levels(context: Context, spec: ScanSpec) -> list[dict[str, Any]]:
    """One piece a level, the embedding included."""
    return [{"level": level} for level in range(scanned_model(context, spec).layers + 1)]


def align_level(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Centroids, the alignment metrics of every language with the pivot, and the states reduced for maps."""
    model, level = scanned_model(context, spec), int(piece["level"])
    normed = spec.settings.final_norm and level == model.layers
    with context.session() as session:
        store = ArrayStore(session)
        states = {}
        for language in spec.all_languages:
            found = shards.gathered_tensor(session, spec, language, names.SHARD_STATES.format(level=level))
            states[language] = model.final_norm(found).cpu() if normed else found
        groups = [shards.stored_tensor(session, spec.run_id, names.GROUPS.format(language=key)) for key in states]
        pairs = {
            language: shards.stored_tensor(session, spec.run_id, names.PAIRS.format(language=language)).long()
            for language in spec.languages
        }
        order = store.get(spec.run_id, names.MAP_LANGUAGE), store.get(spec.run_id, names.MAP_ROW)
    context.check()
    centroids = torch.stack([centroid(found) for found in states.values()])
    metrics = np.zeros((len(names.LAYER_METRICS), len(spec.languages)), dtype=np.float32)
    distances = alignment.pivot_distance(centroids)
    for column, language in enumerate(spec.languages):
        context.check()
        found_metrics = _metrics(states, language, pairs[language], spec)
        found_metrics["centroid_cosine"] = float(distances.cosine[column + 1])
        found_metrics["distance"] = float(distances.relative[column + 1])
        metrics[:, column] = [found_metrics[name] for name in names.LAYER_METRICS]
    accuracy = alignment.language_accuracy(list(states.values()), _units(groups), spec.settings.seed)
    on_map = torch.cat(list(states.values()))[_rows(order, [len(found) for found in states.values()])]
    mean, axes = principal_axes(on_map, KEPT_COMPONENTS, spec.settings.seed)
    reduced = ((on_map.double() - mean) @ axes.double().T).float()

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        store.put(spec.run_id, f"{parts.of(names.CENTROIDS)}/{level}", centroids.numpy())
        cosines = alignment.centroid_cosine(centroids).numpy()
        store.put(spec.run_id, f"{parts.of(names.CENTROID_COSINE)}/{level}", cosines)
        store.put(spec.run_id, f"{parts.METRICS}/{level}", metrics)
        store.put(spec.run_id, f"{parts.ACCURACY}/{level}", np.array([accuracy], dtype=np.float32))
        store.put(spec.run_id, names.REDUCED.format(level=level), reduced.numpy())
        store.put(spec.run_id, names.REDUCED_MEAN.format(level=level), mean.float().numpy())
        store.put(spec.run_id, names.REDUCED_AXES.format(level=level), axes.float().numpy())
        return {"level": level}

    return commit


def _units(groups: list[Tensor]) -> list[Tensor]:
    """Parallel groups as they are; sentences without one stand alone."""
    return [torch.where(found >= 0, found, -torch.arange(len(found)) - 1) for found in groups]


def _rows(order: tuple[Any, Any], sizes: list[int]) -> Tensor:
    """The rows of the joined states in the map's order."""
    starts = np.cumsum([0, *sizes[:-1]])
    language, row = order
    return torch.from_numpy(starts[language] + row.astype(np.int64))


def _metrics(states: Mapping[str, Tensor], language: str, pairs: Tensor, spec: ScanSpec) -> dict[str, float]:
    """The metrics of `names.LAYER_METRICS` that look at single sentences; nan where there are no parallel ones."""
    settings = spec.settings
    own = states[language]
    variances = alignment.spectrum(own, centred=settings.centred)
    found = {
        "dimension90": float(alignment.dimension(variances, 0.90)),
        "dimension95": float(alignment.dimension(variances, 0.95)),
        "dimension99": float(alignment.dimension(variances, 0.99)),
    }
    first, second = states[spec.pivot][pairs[:, 0]], own[pairs[:, 1]]
    if len(pairs) < 2:
        without = ("parallel", "nonparallel", "gap", "mutual_knn", "mutual_knn_chance", "retrieval")
        return found | dict.fromkeys(without, math.nan)
    similarity = alignment.pair_similarity(first, second)
    k = min(settings.neighbours, len(pairs) - 1)
    return found | {
        "parallel": similarity.parallel,
        "nonparallel": similarity.nonparallel,
        "gap": similarity.gap,
        "mutual_knn": alignment.mutual_knn(first, second, k, centred=settings.centred),
        "mutual_knn_chance": alignment.mutual_knn_chance(len(pairs), k),
        "retrieval": alignment.retrieval(first, second, centred=settings.centred).to_pivot,
    }
