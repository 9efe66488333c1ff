"""The scoring stage: one layer at a time, every language's scores and activation statistics."""

from collections.abc import Mapping
from typing import Any

import torch
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ScanSpec
from app.db.arrays import ArrayStore
from app.jobs.analysis import Commit, Context
from worker.analyses import parts, shards
from worker.analyses.layer_scores import LayerReading, LayerScores, score_language
from worker.analyses.opened import scanned_model
from worker.model.language_model import LanguageModel
from worker.numerics.statistics import ActivationSums, eta_squared


def score_layer(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """Scores [2 types, languages, F] and statistics [K, F] of one layer, from what the shards hold."""
    model, layer = scanned_model(context, spec), int(piece["layer"])
    with context.session() as session:
        readings = {language: _reading(session, model, spec, language, layer) for language in spec.all_languages}
        pairs = {
            language: shards.stored_tensor(session, spec.run_id, names.PAIRS.format(language=language))
            for language in spec.languages
        }
    vectors = model.value_vectors(layer).to(model.device)
    scores = []
    for number, language in enumerate(spec.languages):
        context.check()
        context.progress(number / len(spec.languages))
        scores.append(score_language(language, spec.pivot, readings, pairs[language], vectors, spec.settings))
    found = {**_score_parts(scores), **_statistics(readings)}

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for name, tensor in found.items():
            store.put(spec.run_id, f"{parts.of(name)}/{layer}", tensor.float().cpu().contiguous().numpy())
        return {"layer": layer}

    return commit


def _reading(session: Session, model: LanguageModel, spec: ScanSpec, language: str, layer: int) -> LayerReading:
    def read(name: str) -> torch.Tensor:
        return shards.gathered_tensor(session, spec, language, name).to(model.device)

    output = read(names.SHARD_STATES.format(level=layer + 1))
    normed = spec.settings.final_norm and layer == model.layers - 1
    groups = shards.stored_tensor(session, spec.run_id, names.GROUPS.format(language=language))
    return LayerReading(
        stream=read(names.SHARD_STREAM.format(layer=layer)),
        activations=read(names.SHARD_ACTIVATIONS.format(layer=layer)),
        output=output,
        target_states=model.final_norm(output) if normed else output,
        groups=groups,
    )


def _score_parts(scores: list[LayerScores]) -> dict[str, torch.Tensor]:
    return {
        names.SCORE: torch.stack([found.score for found in scores], dim=1),
        names.SCORE_SD: torch.stack([found.sd for found in scores], dim=1),
        names.SCORE_LOO: torch.stack([found.loo for found in scores], dim=1),
        names.SCORE_CONTRAST: torch.stack([found.contrast for found in scores], dim=1),
    }


def _statistics(readings: Mapping[str, LayerReading]) -> dict[str, torch.Tensor]:
    """Activation statistics of every language over its distinct sentences, and eta squared of each against the rest."""
    sums = {language: ActivationSums.of(reading.activations) for language, reading in readings.items()}
    return {
        names.ACTIVATION_MEAN: torch.stack([found.mean for found in sums.values()]),
        names.ACTIVATION_SD: torch.stack([found.sd for found in sums.values()]),
        names.ACTIVATION_POSITIVE: torch.stack([found.positive_share for found in sums.values()]),
        names.ETA2: torch.stack([eta_squared(sums, {language}) for language in sums]),
    }
