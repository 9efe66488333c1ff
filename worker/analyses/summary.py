"""The last stage of a scan: parts become whole arrays, the run gets its summary, temporary arrays go."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.contracts.results import LanguageSummary, RunSummary
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.tables import Corpus, Run
from app.jobs.analysis import Commit, Context
from worker.analyses import parts
from worker.analyses.opened import scanned_model
from worker.model.language_model import versions
from worker.numerics.candidates import split_at_fraction, split_at_gap


def stack_scores(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Stack what the layers and levels left into the run's arrays, and fix the split into candidate layers."""
    model = scanned_model(context, spec)
    layers = range(model.layers)

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for column, language in enumerate(spec.languages):
            for row, kind in enumerate((1, 2)):
                for name in (names.SCORE, names.SCORE_SD, names.SCORE_LOO, names.SCORE_CONTRAST):
                    stacked = parts.stacked(store, spec.run_id, parts.of(name), layers)[:, row, column]
                    store.put(spec.run_id, name.format(type=kind, language=language), stacked)
        for column, language in enumerate(spec.all_languages):
            for name in (names.ACTIVATION_MEAN, names.ACTIVATION_SD, names.ACTIVATION_POSITIVE, names.ETA2):
                stacked = parts.stacked(store, spec.run_id, parts.of(name), layers)[:, column]
                store.put(spec.run_id, name.format(language=language), stacked)
        _stack_levels(store, spec, range(model.layers + 1))
        return {"split": _split(store, spec, model.layers)}

    return commit


def _stack_levels(store: ArrayStore, spec: ScanSpec, levels: range) -> None:
    store.put(spec.run_id, names.CENTROIDS, parts.stacked(store, spec.run_id, parts.of(names.CENTROIDS), levels))
    store.put(
        spec.run_id, names.CENTROID_COSINE, parts.stacked(store, spec.run_id, parts.of(names.CENTROID_COSINE), levels)
    )
    metrics = parts.stacked(store, spec.run_id, parts.METRICS, levels)  # [levels, metrics, languages]
    for row, metric in enumerate(names.LAYER_METRICS):
        for column, language in enumerate(spec.languages):
            name = names.LAYER_METRIC.format(metric=metric, language=language)
            store.put(spec.run_id, name, np.ascontiguousarray(metrics[:, row, column]))
    accuracy = parts.stacked(store, spec.run_id, parts.ACCURACY, levels)
    store.put(spec.run_id, names.LANGUAGE_ACCURACY, accuracy.reshape(-1))


def _split(store: ArrayStore, spec: ScanSpec, layers: int) -> int:
    if spec.settings.candidate_rule == "fraction":
        return split_at_fraction(layers, spec.settings.candidate_fraction)
    gaps = [
        store.get(spec.run_id, names.LAYER_METRIC.format(metric="gap", language=language))
        for language in spec.languages
    ]
    if np.isnan(gaps).all():  # no parallel sentences: there is no gap to split at
        return split_at_fraction(layers, spec.settings.candidate_fraction)
    return split_at_gap(torch.from_numpy(np.mean(gaps, axis=0)))


def split_of(session: Session, spec: ScanSpec, layers: int) -> int:
    """The split of a scan whose scores are stacked: layers below are Type-1 candidates."""
    return _split(ArrayStore(session), spec, layers)


def finish(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Write the summary and delete shards and parts; maps are drawn after it, the job's end makes the run complete."""
    model = scanned_model(context, spec)
    card = model.card()

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        run = session.scalars(select(Run).where(Run.id == spec.run_id)).one()
        corpus = session.scalars(select(Corpus).where(Corpus.id == spec.corpus_id)).one()
        summary = RunSummary(
            layers=card.layers,
            neurons=card.neurons,
            hidden_size=card.hidden_size,
            split=_split(store, spec, card.layers),
            languages=tuple(_language(store, spec, language) for language in spec.all_languages),
            card=card,
            corpus_hash=corpus.content_hash,
            seconds=0.0 if run.started is None else (utc_now() - run.started).total_seconds(),
            versions=versions(),
        )
        run.summary = summary.model_dump(mode="json")
        store.delete(spec.run_id, "shard/")
        store.delete(spec.run_id, names.PART)
        return {}

    return commit


def _language(store: ArrayStore, spec: ScanSpec, language: str) -> LanguageSummary:
    tokens: NDArray[np.int32] = store.get(spec.run_id, names.TOKENS.format(language=language))
    name = names.PAIRS.format(language=language)
    pairs = 0 if language == spec.pivot else len(store.get(spec.run_id, name))
    truncated = int(store.get(spec.run_id, parts.TRUNCATED.format(language=language))[0])
    return LanguageSummary(
        language=language, sentences=len(tokens), pairs=pairs, tokens=int(tokens.sum()), truncated=truncated
    )
