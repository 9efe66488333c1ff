"""A finished geometry experiment of a made-up run, as far as its run's map shows it: the places of its sentences."""

import numpy as np
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.contracts.geometry import GeometryResult, GeometrySpec, LanguageGeometry
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.db.tables import Experiment
from app.maps.units import in_units
from tests.support.experiments import store_experiment

EXPERIMENT = "overlaid0001"
NEURONS = 7


def write_synthetic_geometry(
    session: Session,
    run_id: str,
    *,
    experiment: str = EXPERIMENT,
    name: str = "Made-up geometry",
    mapped: str | None = "pca",
    turned: bool = False,
    step: float = 0.1,
) -> None:
    """Every second sentence of each language moves right by `step` of the box; `turned`: on another drawing's axes."""
    run, store = finished_run(session, run_id), ArrayStore(session)
    spec = GeometrySpec(
        experiment_id=experiment, run_id=run_id, model_id=run.model.id, top=NEURONS, draws=0, cross=False
    )
    store_experiment(session, spec)
    session.flush()
    brief = tuple(
        LanguageGeometry(type=kind, language=code, pairs=1, neurons=NEURONS, edit=0.1, random_edit=None,
                         random_edit_low=None, random_edit_high=None)
        for kind in (1, 2) for code in run.spec.languages
    )  # fmt: skip
    result = GeometryResult(
        languages=run.spec.languages, pivot=run.spec.pivot, types=(1, 2), layers=run.summary.layers,
        split=run.summary.split, neighbours=5, draws=0, brief=brief, mapped=mapped, position="mean",
        conditions={code: spec.conditions(code, run.spec.languages) for code in run.spec.languages},
    )  # fmt: skip
    row = session.get_one(Experiment, experiment)
    row.name, row.status, row.result = name, "complete", result.model_dump(mode="json")
    if mapped is None:
        return
    spoken, ids = store.get(run_id, names.MAP_LANGUAGE), store.get(run_id, names.MAP_SENTENCE)
    bounds = run.summary.maps[mapped].bounds
    places = np.stack([
        in_units(store.get(run_id, names.MAP_POINTS.format(method=mapped, level=level)), bounds)
        for level in range(run.summary.layers + 1)
    ])  # fmt: skip
    for k, code in enumerate(run.spec.all_languages):
        own = np.sort(np.flatnonzero(spoken == k)[::2])
        own = own[np.argsort(ids[own])]
        before = places[:, own, ::-1] if turned else places[:, own]
        store.put(experiment, contract.SENTENCES.format(language=code), ids[own])
        store.put(experiment, contract.MAP_BEFORE.format(type=0, language=code), before.astype(np.float32))
        for kind in (1, 2):
            after = before + np.array([kind * step * (bounds[2] - bounds[0]), 0])
            store.put(experiment, contract.MAP_AFTER.format(type=kind, language=code), after.astype(np.float32))
