"""Geometry under intervention: read normally, read again in every condition, measure each against the pivot."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.contracts.geometry import GeometrySpec
from app.contracts.jobs import Position
from app.contracts.lens import LensSpec
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.errors import BadInput
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from worker.analyses.chosen import best_of_run
from worker.analyses.geometry_answer import finish
from worker.analyses.geometry_measures import Measured, measure
from worker.analyses.geometry_parts import (
    ACTIVATIONS,
    AT_LAYERS,
    AT_LEVELS,
    CENTROIDS,
    MEASURED,
    ON_MAP,
    ROWS,
    STATES,
    neurons_of,
    normal_readings,
    pieces_of,
    texts_of_rows,
)
from worker.analyses.map_places import places_on_map
from worker.analyses.opened import scanned_model
from worker.analyses.planning import blocks_of_languages, each_batch, plan_once
from worker.analyses.shards import sentence_ids
from worker.model.batches import Batch, tokens_at
from worker.model.edits import Neurons
from worker.model.hooks import change
from worker.model.language_model import LanguageModel
from worker.model.reading import Readings, read_sentences


def select(context: Context, spec: GeometrySpec, piece: dict[str, Any]) -> Commit:
    """Fix the pairs of every language and the neurons of every type."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        found = {**_pairs(session, spec, run), **_neurons(session, spec, run)}

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for name, array in found.items():
            store.put(spec.experiment_id, name, array)
        return {}

    return commit


def _pairs(session: Session, spec: GeometrySpec, run: FinishedRun) -> dict[str, NDArray[Any]]:
    """The rows that are read; raises BadInput for a language without translations."""
    found: dict[str, NDArray[Any]] = {}
    for language in run.spec.languages:
        pairs = ArrayStore(session).get(run.id, names.PAIRS.format(language=language))
        if len(pairs) < 2:
            raise BadInput(
                f"The run has fewer than 2 translations in {language}, so alignment cannot be measured. Scan a corpus "
                "whose lines are parallel, or leave the language out of the run."
            )
        order = np.sort(np.random.default_rng(spec.seed).permutation(len(pairs))[: spec.sentences])
        rows = found[ROWS.format(language=language)] = pairs[order].astype(np.int64)
        ids = sentence_ids(session, run.id, language)[rows[:, 1]]
        found[contract.SENTENCES.format(language=language)] = ids
    of_pivot = [found[ROWS.format(language=language)][:, 0] for language in run.spec.languages]
    return found | {ROWS.format(language=run.spec.pivot): np.unique(np.concatenate(of_pivot))}


def _neurons(session: Session, spec: GeometrySpec, run: FinishedRun) -> dict[str, NDArray[Any]]:
    """The best neurons of every type and language."""
    found: dict[str, NDArray[Any]] = {}
    for kind in spec.types:
        for language in run.spec.languages:
            pairs = best_of_run(session, run, kind, language, spec.measure, spec.top)
            found[contract.NEURONS.format(type=kind, language=language)] = pairs
    return found


def plan_blocks(context: Context, spec: GeometrySpec) -> list[dict[str, Any]]:
    """Blocks of the sentences of every language."""
    return blocks_of_languages(context, spec, ROWS)


def read_block(context: Context, spec: GeometrySpec, piece: dict[str, Any]) -> Commit:
    """Read a block of sentences without any change."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        texts = texts_of_rows(session, spec, run, piece["language"])[piece["start"] : piece["stop"]]
    model = scanned_model(context, run.spec)
    readings = read_zeroed(context, spec, model, texts, {}, run.spec.settings.position)
    normed = run.spec.settings.final_norm
    states = states_of(model, readings, final_norm=normed)
    where = {"language": piece["language"], "block": piece["block"]}

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        store.put(spec.experiment_id, STATES.format(**where), states.numpy())
        activations = readings.activations.transpose(0, 1).contiguous().numpy()
        store.put(spec.experiment_id, ACTIVATIONS.format(**where), activations)
        return {"sentences": len(texts)}

    return commit


def states_of(model: LanguageModel, readings: Readings, *, final_norm: bool) -> torch.Tensor:
    """Hidden states [levels, n, d]; the last level after the final norm where the run has it so."""
    states = readings.states.transpose(0, 1).contiguous()
    if final_norm:
        states[-1] = model.final_norm(states[-1]).cpu()
    return states


def read_zeroed(
    context: Context,
    spec: GeometrySpec | LensSpec,
    model: LanguageModel,
    texts: list[str],
    neurons: Neurons,
    position: Position,
) -> Readings:
    """Read sentences with neurons set to zero at the experiment's positions."""

    def around(batch: Batch) -> AbstractContextManager[None]:
        return change(model, neurons, torch.zeros(()), tokens_at(batch, spec.positions))

    return read_sentences(model, texts, position, spec.batch_tokens, each_batch(context), around if neurons else None)


def plan_conditions(context: Context, spec: GeometrySpec) -> list[dict[str, Any]]:
    """Every condition of every language and type."""
    with context.session() as session:
        return pieces_of(spec, finished_run(session, spec.run_id).spec.languages)


def measure_condition(context: Context, spec: GeometrySpec, piece: dict[str, Any]) -> Commit:
    """Read a language in one condition and measure how it lies to the pivot's normal states."""
    language, kind, condition = piece["language"], int(piece["type"]), piece["condition"]
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        model = scanned_model(context, run.spec)
        texts = texts_of_rows(session, spec, run, language)
        neurons = neurons_of(session, spec, model, kind, language, condition)
    normal, settings = normal_readings(context, spec, language), run.spec.settings
    states, activations = normal.states, normal.activations
    if condition != "normal":
        readings = read_zeroed(context, spec, model, texts, neurons, settings.position)
        states = states_of(model, readings, final_norm=settings.final_norm)
        activations = readings.activations.transpose(0, 1)
    context.check()
    found = measure(normal, states, activations, min(settings.neighbours, len(texts) - 1), centred=settings.centred)
    written = _written(model, normal, neurons)
    on_map = None
    if condition in ("normal", "own") and spec.map_method is not None:
        on_map = _on_map(context, spec, states)

    def commit(session: Session) -> dict[str, Any]:
        prefix = MEASURED.format(type=kind, language=language, condition=condition)
        _store(ArrayStore(session), spec, prefix, found, written, on_map)
        return {}

    return commit


def _store(
    store: ArrayStore,
    spec: GeometrySpec,
    prefix: str,
    found: Measured,
    written: torch.Tensor,
    on_map: np.ndarray | None,
) -> None:
    store.put(spec.experiment_id, prefix + AT_LEVELS, found.levels.numpy())
    layers = torch.cat([found.layers, written[None]]).numpy()
    store.put(spec.experiment_id, prefix + AT_LAYERS, layers)
    if "/from/" not in prefix:
        store.put(spec.experiment_id, prefix + CENTROIDS, found.centroids.numpy())
    if on_map is not None:
        store.put(spec.experiment_id, prefix + ON_MAP, on_map)


def _written(model: LanguageModel, normal: Any, neurons: Neurons) -> torch.Tensor:
    """What the neurons normally write in each layer, relative to the layer's output: mean length over mean length."""
    found = torch.zeros(model.layers)
    for layer, chosen in neurons.items():
        vectors = model.value_vectors(layer)[chosen.to(model.device)].cpu()
        writes = normal.activations[layer][:, chosen] @ vectors
        found[layer] = writes.norm(dim=1).mean() / normal.states[layer + 1].norm(dim=1).mean()
    return found


def _on_map(context: Context, spec: GeometrySpec, states: torch.Tensor) -> np.ndarray | None:
    """The states on the run's map [levels, n, 2]; None where the map cannot take further points."""
    with context.session() as session:
        return places_on_map(session, spec.run_id, str(spec.map_method), states)


GEOMETRY = Analysis(
    kind="geometry",
    stages=(
        Stage("select", "Choosing sentences and neurons", plan_once, select),
        Stage("read", "Reading the model", plan_blocks, read_block),
        Stage("change", "Reading with neurons zeroed", plan_conditions, measure_condition),
        Stage("finish", "Putting the answer together", plan_once, finish),
    ),
    settle=settle_experiment,
)
