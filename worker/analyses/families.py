"""Shared neurons and related languages: a piece a detector, from what the run stores; no model is asked."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import families as contract
from app.contracts.families import Detector, DetectorName, FamiliesResult, FamiliesSpec, Merge, Related
from app.contracts.sets import MEASURE_ARRAYS
from app.contracts.specificity import NEURONS as SPECIFIC
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.db.tables import Experiment
from app.errors import NotFound
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from app.text.families import kinship, lineage
from worker.analyses.planning import plan_once
from worker.numerics import overlap
from worker.numerics.overlap import Ids

PART_SET = "part/set/{detector}/{language}"  # int64 [n], temporary


def detectors(spec: FamiliesSpec) -> list[DetectorName]:
    """The detectors of an experiment; average precision only where another experiment has measured it."""
    found: list[DetectorName] = ["type1", "type2", "eta2", "lape"]
    return [*found, "ap"] if spec.specificity_id else found


def plan_detectors(context: Context, spec: FamiliesSpec) -> list[dict[str, Any]]:
    """One piece a detector."""
    return [{"detector": name} for name in detectors(spec)]


def choose_neurons(context: Context, spec: FamiliesSpec, piece: dict[str, Any]) -> Commit:
    """The sets of one detector, and what they have in common, whole and per layer."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        sets = chosen_sets(session, run, spec, piece["detector"])
    summary, languages = run.summary, run.spec.languages
    first, stop = layers_of(piece["detector"], summary.split, summary.layers)
    sizes = [len(one) for one in sets]
    arrays = {
        contract.JACCARD: overlap.jaccard_matrix(sets),
        contract.CHANCE: overlap.chance_matrix(sizes, (stop - first) * summary.neurons),
    }
    by_layer = overlap.per_layer(sets, summary.layers, summary.neurons)
    arrays[contract.COUNTS] = np.array([[len(one) for one in layer] for layer in by_layer], dtype=np.int32)
    context.check()
    arrays[contract.LAYER_JACCARD] = np.stack([overlap.jaccard_matrix(layer) for layer in by_layer])
    arrays[contract.LAYER_CHANCE] = np.stack(
        [overlap.chance_matrix([len(one) for one in layer], summary.neurons) for layer in by_layer]
    )

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for name, array in arrays.items():
            store.put(spec.experiment_id, name.format(detector=piece["detector"]), array)
        for language, one in zip(languages, sets, strict=True):
            store.put(spec.experiment_id, PART_SET.format(detector=piece["detector"], language=language), one)
        return {"sizes": sizes}

    return commit


def layers_of(detector: str, split: int, layers: int) -> tuple[int, int]:
    """The layers a detector chooses from: first, and one behind the last."""
    return {"type1": (0, split), "type2": (split, layers)}.get(detector, (0, layers))


def chosen_sets(session: Session, run: FinishedRun, spec: FamiliesSpec, detector: str) -> list[Ids]:
    """The neurons that a detector gives each language. Raises NotFound if the run lacks what it is computed from."""
    store, languages = ArrayStore(session), run.spec.languages
    first, stop = layers_of(detector, run.summary.split, run.summary.layers)
    if detector == "lape":
        active = np.stack([store.get(run.id, names.ACTIVATION_POSITIVE.format(language=key)) for key in languages])
        return overlap.lape(active)[0]
    if detector == "ap":
        owner, name = str(spec.specificity_id), SPECIFIC.format(metric="ap", label="{language}")
    else:
        owner, name = run.id, {"eta2": names.ETA2}.get(detector, MEASURE_ARRAYS[spec.measure])
    kind = {"type1": 1, "type2": 2}.get(detector, 0)
    return [
        overlap.best(store.get(owner, name.format(type=kind, language=language)), spec.top, first, stop)
        for language in languages
    ]


def finish(context: Context, spec: FamiliesSpec, piece: dict[str, Any]) -> Commit:
    """Cluster the languages by what they share, hold that against their families, and write the answer."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        store = ArrayStore(session)
        stored = {name: _stored(store, spec, name, run.spec.languages) for name in detectors(spec)}
        active = np.stack(
            [store.get(run.id, names.ACTIVATION_POSITIVE.format(language=key)) for key in run.spec.languages]
        )
    summary = run.summary
    ranges: dict[str, tuple[int, int]] = {name: layers_of(name, summary.split, summary.layers) for name in stored}
    between, chance = overlap.detector_overlap(
        {name: sets for name, (sets, *_) in stored.items()}, ranges, summary.neurons
    )
    found = []
    for name, (sets, jaccard, by_chance) in stored.items():
        context.check()
        candidates = (ranges[name][1] - ranges[name][0]) * summary.neurons
        found.append(
            _detector(spec, run.spec.languages, name, candidates, [len(one) for one in sets], jaccard, by_chance)
        )
    result = FamiliesResult(
        languages=run.spec.languages,
        layers=summary.layers,
        neurons=summary.neurons,
        split=summary.split,
        top=spec.top,
        families=spec.families,
        lineages={code: lineage(code) for code in run.spec.languages},
        detectors=tuple(found),
        lape_threshold=overlap.lape(active)[1],
    )

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        store.put(spec.experiment_id, contract.DETECTORS, between)
        store.put(spec.experiment_id, contract.DETECTORS_CHANCE, chance.astype(np.float32))
        store.delete(spec.experiment_id, names.PART)
        write_result(session, spec.experiment_id, result.model_dump(mode="json"))
        return {}

    return commit


def write_result(session: Session, experiment_id: str, result: dict[str, Any]) -> None:
    """Give an experiment its answer. Raises NotFound if it was deleted meanwhile."""
    row = session.get(Experiment, experiment_id)
    if row is None:
        raise NotFound(f"There is no experiment {experiment_id} any more.")
    row.result = result


def _stored(
    store: ArrayStore, spec: FamiliesSpec, name: str, languages: Sequence[str]
) -> tuple[list[Ids], NDArray[Any], NDArray[Any]]:
    owner = spec.experiment_id
    sets = [store.get(owner, PART_SET.format(detector=name, language=language)) for language in languages]
    return (
        sets,
        store.get(owner, contract.JACCARD.format(detector=name)),
        store.get(owner, contract.CHANCE.format(detector=name)),
    )


def _detector(
    spec: FamiliesSpec,
    languages: Sequence[str],
    name: DetectorName,
    candidates: int,
    sizes: Sequence[int],
    *matrices: NDArray[Any],
) -> Detector:
    jaccard, chance = matrices
    rows, columns = np.triu_indices(len(languages), 1)
    clustering = overlap.cluster(jaccard) if len(languages) > 1 else None
    return Detector(
        name=name,
        candidates=candidates,
        sizes=tuple(sizes),
        mean=finite(jaccard[rows, columns].mean()) if len(rows) else None,
        chance=finite(chance[rows, columns].mean()) if len(rows) else None,
        merges=()
        if clustering is None
        else tuple(Merge(left=int(a), right=int(b), height=float(height)) for a, b, height, _ in clustering.merges),
        order=(0,) if clustering is None else tuple(clustering.order),
        cophenetic=None if clustering is None else finite(clustering.cophenetic),
        related=_related(spec, languages, jaccard),
    )


def _related(spec: FamiliesSpec, languages: Sequence[str], jaccard: NDArray[Any]) -> Related:
    family = family_numbers(spec.families, languages)
    test = overlap.kinship_test(jaccard, family, spec.permutations, spec.seed)
    common = np.array([[kinship(a, b) for b in languages] for a in languages], dtype=np.float64)
    return Related(
        within=finite(test.within),
        between=finite(test.between),
        difference=finite(test.within - test.between),
        low=finite(test.low),
        high=finite(test.high),
        p=finite(test.p),
        pairs_within=test.pairs_within,
        pairs_between=test.pairs_between,
        rank_correlation=finite(overlap.rank_correlation(jaccard, common)),
    )


def family_numbers(families: Mapping[str, Sequence[str]], languages: Sequence[str]) -> NDArray[np.int64]:
    """The number of each language's family, -1 for none."""
    of = {code: number for number, members in enumerate(families.values()) for code in members}
    return np.array([of.get(code, -1) for code in languages], dtype=np.int64)


def finite(value: float) -> float | None:
    """The number as JSON can say it."""
    return float(value) if math.isfinite(value) else None


FAMILIES = Analysis(
    kind="families",
    stages=(
        Stage("choose", "Choosing neurons", plan_detectors, choose_neurons),
        Stage("finish", "Comparing languages", plan_once, finish),
    ),
    settle=settle_experiment,
)
