"""Logit lens of prompts, normally and with a set zeroed, and their paths through the run's map."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import lens as contract
from app.contracts.lens import LensResult, LensSpec
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.db.session import utc_now
from app.db.sets import find_set
from app.db.tables import Experiment
from app.errors import BadInput, NotFound
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from worker.analyses.chosen import as_tensors, by_layer, set_of
from worker.analyses.compare_reading import token_languages
from worker.analyses.geometry import read_zeroed, states_of
from worker.analyses.map_places import places_on_map, why_no_places
from worker.analyses.opened import scanned_model
from worker.analyses.planning import plan_once
from worker.model.edits import Neurons
from worker.model.language_model import LanguageModel
from worker.numerics import few
from worker.numerics.lens import lens

_PART = "part/{condition}/{block:04d}/"
_SHARES, _ENTROPY, _PATH = "shares", "entropy", "path"
_STEPS = 32767  # a map's box is -32767 to 32767 both ways


def plan_blocks(context: Context, spec: LensSpec) -> list[dict[str, Any]]:
    """Blocks of prompts in every condition."""
    starts = range(0, len(spec.prompts), spec.block_prompts)
    return [{"condition": condition, "block": block} for condition in spec.conditions for block in range(len(starts))]


def read_block(context: Context, spec: LensSpec, piece: dict[str, Any]) -> Commit:
    """Read a block of prompts: the lens at the last token, the path at the run's own position."""
    start = int(piece["block"]) * spec.block_prompts
    texts = list(spec.prompts[start : start + spec.block_prompts])
    with context.session() as session:
        run = finished_run(session, spec.run_id)
    model = scanned_model(context, run.spec)
    with context.session() as session:
        neurons = _neurons(session, spec, model, piece["condition"])
        posterior = token_languages(session, model, run.id)[1]
    if posterior is None:
        raise BadInput("The run has no tokens to tell languages by.")
    last = read_zeroed(context, spec, model, texts, neurons, "last")
    shares, entropies = [], []
    for states in last.states.unbind(1):  # level by level: [prompts, vocabulary] is held at a time
        context.check()
        found = lens(model.unembed(states), posterior.to(model.device))
        shares.append(found.shares.cpu())
        entropies.append(found.entropy.cpu())
    place = run.spec.settings.position
    there = last if place == "last" else read_zeroed(context, spec, model, texts, neurons, place)
    path = _path(context, spec, states_of(model, there, final_norm=run.spec.settings.final_norm))
    prefix = _PART.format(**piece)

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        store.put(spec.experiment_id, prefix + _SHARES, torch.stack(shares, 1).float().numpy())
        store.put(spec.experiment_id, prefix + _ENTROPY, torch.stack(entropies, 1).float().numpy())
        if path is not None:
            store.put(spec.experiment_id, prefix + _PATH, path)
        return {"prompts": len(texts)}

    return commit


def _neurons(session: Session, spec: LensSpec, model: LanguageModel, condition: str) -> Neurons:
    if condition == "normal" or spec.set_id is None:
        return {}
    return as_tensors(by_layer(set_of(session, model, spec.set_id).neurons))


def _path(context: Context, spec: LensSpec, states: torch.Tensor) -> NDArray[np.float32] | None:
    """Places of the states [prompts, levels, 2]; None where the map takes none."""
    with context.session() as session:
        places = places_on_map(session, spec.run_id, spec.map_method, states)
    return None if places is None else np.ascontiguousarray(places.transpose(1, 0, 2))


def finish(context: Context, spec: LensSpec, piece: dict[str, Any]) -> Commit:
    """Join the blocks, take means over prompts, and the centroids of the languages' clouds."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        why = why_no_places(session, run.id, spec.map_method)
        languages = (*run.spec.all_languages, "none")
        found: dict[str, NDArray[Any]] = {}
        for condition in spec.conditions:
            shares, entropy = (_joined(session, spec, condition, name) for name in (_SHARES, _ENTROPY))
            target = shares[:, :, languages.index(spec.target)] if spec.target else np.zeros_like(entropy)
            found[contract.SHARES.format(condition=condition)] = shares
            found[contract.ENTROPY.format(condition=condition)] = entropy
            found[contract.BANDS.format(condition=condition)] = np.stack([_band(entropy), _band(target)])
            if not why:
                found[contract.PATH.format(condition=condition)] = _joined(session, spec, condition, _PATH)
        if not why:
            found[contract.CENTROIDS] = _centroids(session, run, spec.map_method)
        neurons = 0 if spec.set_id is None else len(find_set(session, spec.set_id).neurons)

    def commit(session: Session) -> dict[str, Any]:
        row, store = session.get(Experiment, spec.experiment_id), ArrayStore(session)
        if row is None:
            raise NotFound("The experiment was deleted while it ran.")
        for name, array in found.items():
            store.put(spec.experiment_id, name, array)
        store.delete(spec.experiment_id, "part/")
        result = LensResult(
            conditions=spec.conditions,
            languages=languages,
            layers=run.summary.layers,
            target=spec.target,
            neurons=neurons,
            position=run.spec.settings.position,
            mapped=None if why else run.summary.maps[spec.map_method].title,
            no_map=why,
            seconds=(utc_now() - (row.started or row.created)).total_seconds(),
        )
        row.result = result.model_dump(mode="json")
        return {}

    return commit


def _joined(session: Session, spec: LensSpec, condition: str, name: str) -> NDArray[Any]:
    """The blocks of a condition, prompts in their order."""
    store, blocks = ArrayStore(session), -(-len(spec.prompts) // spec.block_prompts)
    prefixes = [_PART.format(condition=condition, block=block) for block in range(blocks)]
    return np.concatenate([store.get(spec.experiment_id, prefix + name) for prefix in prefixes])


def _band(values: NDArray[Any]) -> NDArray[np.float32]:
    """Mean, low and high over prompts at every level, [3, levels]; one prompt has no interval."""
    columns = [few.mean(list(map(float, column))) if len(column) > 1 else (float(column[0]),) * 3
               for column in values.T]  # fmt: skip
    return np.array(columns, np.float32).T.copy()


def _centroids(session: Session, run: FinishedRun, method: str) -> NDArray[np.float32]:
    """The mean place of each language's points, level by level, in the map's units [levels, K, 2]."""
    store, card = ArrayStore(session), run.summary.maps[method]
    spoken = store.get(run.id, names.MAP_LANGUAGE)
    x0, y0, x1, y1 = card.bounds
    found = []
    for level in range(card.levels):
        points = store.get(run.id, names.MAP_POINTS.format(method=method, level=level)).astype(np.float64)
        places = (points / _STEPS + 1) / 2 * [x1 - x0, y1 - y0] + [x0, y0]
        found.append([places[spoken == index].mean(axis=0) for index in range(len(run.spec.all_languages))])
    return np.array(found, np.float32)


LENS = Analysis(
    kind="lens",
    stages=(
        Stage("read", "Reading the prompts", plan_blocks, read_block),
        Stage("finish", "Putting the answer together", plan_once, finish),
    ),
    settle=settle_experiment,
)
