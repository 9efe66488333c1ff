"""The last stage of a geometry experiment: conditions become whole arrays, draws an interval, centroids cosines."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.contracts.geometry import GeometryResult, GeometrySpec, LanguageGeometry
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.jobs.analysis import Commit, Context
from worker.analyses.families import write_result
from worker.analyses.geometry_parts import (
    AT_LAYERS,
    AT_LEVELS,
    CENTROIDS,
    MEASURED,
    ON_MAP,
    ROWS,
    forget_readings,
    normal_readings,
)
from worker.analyses.map_places import why_no_places
from worker.numerics.alignment import centroid_cosine
from worker.numerics.centroids import centroid

WRITTEN = contract.LAYER_METRICS.index("written")


def finish(context: Context, spec: GeometrySpec, piece: dict[str, Any]) -> Commit:
    """Put the conditions together and write the answer."""
    with context.session() as session:
        run, store = finished_run(session, spec.run_id), ArrayStore(session)
        found: dict[str, NDArray[Any]] = {}
        brief = []
        for kind in spec.types:
            for language in run.spec.languages:
                arrays = _conditions(store, spec, kind, language, run.spec.languages)
                found |= arrays
                brief.append(
                    _brief(store, spec, kind, language, arrays[contract.LAYERS.format(type=kind, language=language)])
                )
        no_map = why_no_places(session, run.id, spec.map_method) if spec.map_method else "No map was asked for."
    found |= _cosines(context, spec, run)
    forget_readings(context)
    result = GeometryResult(
        languages=run.spec.languages,
        pivot=run.spec.pivot,
        types=spec.types,
        layers=run.summary.layers,
        split=run.summary.split,
        neighbours=run.spec.settings.neighbours,
        draws=spec.draws,
        conditions={code: spec.conditions(code, run.spec.languages) for code in run.spec.languages},
        brief=tuple(brief),
        mapped=None if no_map else spec.map_method,
        no_map=no_map,
        position=run.spec.settings.position,
    )

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for name, array in found.items():
            store.put(spec.experiment_id, name, array)
        store.delete(spec.experiment_id, names.PART)
        write_result(session, spec.experiment_id, result.model_dump(mode="json"))
        return {}

    return commit


def _conditions(
    store: ArrayStore, spec: GeometrySpec, kind: int, language: str, languages: tuple[str, ...]
) -> dict[str, NDArray[Any]]:
    """The arrays of one type and language, conditions stacked in their order."""
    prefixes = [
        MEASURED.format(type=kind, language=language, condition=condition)
        for condition in spec.conditions(language, languages)
    ]
    found = {
        contract.LEVELS: np.stack([store.get(spec.experiment_id, prefix + AT_LEVELS) for prefix in prefixes]),
        contract.LAYERS: np.stack([store.get(spec.experiment_id, prefix + AT_LAYERS) for prefix in prefixes]),
    }
    for name, prefix in ((contract.MAP_BEFORE, prefixes[0]), (contract.MAP_AFTER, prefixes[1])):
        if store.entry(spec.experiment_id, prefix + ON_MAP) is not None:
            found[name] = store.get(spec.experiment_id, prefix + ON_MAP)
    return {name.format(type=kind, language=language): array for name, array in found.items()}


def _brief(
    store: ArrayStore, spec: GeometrySpec, kind: int, language: str, layers: NDArray[np.float32]
) -> LanguageGeometry:
    """The edit norm: what the neurons write in all layers, and how that compares with the random draws."""
    neurons = store.get(spec.experiment_id, contract.NEURONS.format(type=kind, language=language))
    edits = layers[:, WRITTEN].sum(axis=1, dtype=np.float64)
    drawn = edits[2 : 2 + spec.draws]
    low, high = np.quantile(drawn, (0.025, 0.975)) if spec.draws else (None, None)
    return LanguageGeometry(
        type=1 if kind == 1 else 2,
        language=language,
        pairs=len(store.get(spec.experiment_id, ROWS.format(language=language))),
        neurons=len(neurons),
        edit=float(edits[1]),
        random_edit=float(drawn.mean()) if spec.draws else None,
        random_edit_low=None if low is None else float(low),
        random_edit_high=None if high is None else float(high),
    )


def _cosines(context: Context, spec: GeometrySpec, run: FinishedRun) -> dict[str, NDArray[Any]]:
    """Cosines of all centroids, pivot first: normal, each type zeroed, and the mean over its random draws."""
    first = run.spec.languages[0]
    pivot = torch.stack([centroid(states) for states in normal_readings(context, spec, first).pivot_states])
    with context.session() as session:
        store = ArrayStore(session)

        def matrix(kind: int, condition: str) -> NDArray[np.float32]:
            centroids = [pivot] + [
                torch.tensor(
                    store.get(
                        spec.experiment_id,
                        MEASURED.format(type=kind, language=language, condition=condition) + CENTROIDS,
                    )
                )
                for language in run.spec.languages
            ]
            stacked = torch.stack(centroids, dim=1)  # [levels, K, d]
            values: NDArray[np.float32] = torch.stack([centroid_cosine(level) for level in stacked]).numpy()
            return values

        found = {contract.COSINES.format(condition="normal"): matrix(spec.types[0], "normal")}
        for kind in spec.types:
            context.check()
            found[contract.COSINES.format(condition=f"type{kind}")] = matrix(kind, "own")
            if spec.draws:
                drawn = [matrix(kind, f"draw/{draw}") for draw in range(spec.draws)]
                found[contract.COSINES.format(condition=f"random{kind}")] = np.mean(drawn, axis=0, dtype=np.float32)
    return found
