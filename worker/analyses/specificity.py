"""How language-specific neurons are: read sentences block by block, then one layer at a time, then put together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import specificity as contract
from app.contracts.specificity import SpecificitySpec
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.db.tables import Sentence
from app.errors import BadInput
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_experiment
from worker.analyses.chosen import best_of_run, by_layer
from worker.analyses.opened import scanned_model
from worker.analyses.planning import blocks_of_languages, each_batch, plan_once
from worker.analyses.shards import sentence_ids, stored_tensor, texts_of
from worker.analyses.specificity_answer import finish
from worker.analyses.specificity_parts import ACTIVATIONS, CHOSEN, LAYER, TOPS, Owner, labels_of, owners_of
from worker.model.reading import read_sentences
from worker.numerics.separation import ranking, resample_counts, resampled_eta_squared

FEWEST = 4  # sentences of a language


def select_sentences(context: Context, spec: SpecificitySpec, piece: dict[str, Any]) -> Commit:
    """Fix the sentences: of the run, or others of its corpus that say something else."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        found = {language: _chosen(session, spec, run, language) for language in run.spec.all_languages}
    few = [language for language, ids in found.items() if len(ids) < FEWEST]
    if few:
        whose = "that the run has not read" if spec.sample == "fresh" else "in the run"
        raise BadInput(
            f"There are fewer than {FEWEST} sentences {whose} in {', '.join(few)}. Take the run's sentences."
        )

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for language, ids in found.items():
            store.put(spec.experiment_id, CHOSEN.format(language=language), ids)
        return {language: len(ids) for language, ids in found.items()}

    return commit


def _chosen(session: Session, spec: SpecificitySpec, run: FinishedRun, language: str) -> NDArray[np.int64]:
    ids = sentence_ids(session, run.id, language)
    if spec.sample == "fresh":
        texts = set(texts_of(session, ids))
        rows = session.execute(
            select(Sentence.id, Sentence.text)
            .where(Sentence.corpus_id == run.corpus.id, Sentence.language == language)
            .order_by(Sentence.number)
        )
        unread = {text: number for number, text in rows if text not in texts}
        ids = np.array(sorted(unread.values()), dtype=np.int64)
    order = np.random.default_rng(spec.seed).permutation(len(ids))[: spec.sentences]
    return ids[np.sort(order)]


def plan_blocks(context: Context, spec: SpecificitySpec) -> list[dict[str, Any]]:
    """Blocks of each language's sentences."""
    return blocks_of_languages(context, spec, CHOSEN)


def read_block(context: Context, spec: SpecificitySpec, piece: dict[str, Any]) -> Commit:
    """Read one block at the run's position; its activations are kept layer by layer until the layers are done."""
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        ids = ArrayStore(session).get(spec.experiment_id, CHOSEN.format(language=piece["language"]))
        texts = texts_of(session, ids[piece["start"] : piece["stop"]])
    model = scanned_model(context, run.spec)
    readings = read_sentences(model, texts, run.spec.settings.position, spec.batch_tokens, each_batch(context))

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for layer in range(model.layers):
            name = ACTIVATIONS.format(language=piece["language"], block=piece["block"], layer=layer)
            store.put(spec.experiment_id, name, readings.activations[:, layer].contiguous().numpy())
        return {"sentences": len(texts)}

    return commit


def plan_layers(context: Context, spec: SpecificitySpec) -> list[dict[str, Any]]:
    """One piece a layer."""
    with context.session() as session:
        return [{"layer": layer} for layer in range(finished_run(session, spec.run_id).summary.layers)]


def measure_layer(context: Context, spec: SpecificitySpec, piece: dict[str, Any]) -> Commit:
    """Every neuron of a layer against every label, and this layer's part of the best neurons' means and intervals."""
    layer = int(piece["layer"])
    with context.session() as session:
        run = finished_run(session, spec.run_id)
        activations = [_gathered(session, spec, language, layer) for language in run.spec.all_languages]
        best = [_best(session, spec, run, owner, layer) for owner in owners_of(spec, run)]
    labels, sizes = labels_of(spec, run), [len(one) for one in activations]
    whose = torch.cat([torch.full((size,), number) for number, size in enumerate(sizes)])
    marks = torch.stack([torch.isin(whose, torch.tensor(numbers)) for _, numbers in labels])
    ranks = ranking(torch.cat(activations), marks)
    context.check()
    ones = [torch.ones(1, size, dtype=torch.float64) for size in sizes]
    eta2 = torch.cat([resampled_eta_squared(activations, ones, numbers) for _, numbers in labels])
    counts = resample_counts(sizes, spec.resamples, spec.seed)
    found = {"eta2": eta2.float(), "auc": ranks.auc, "ap": ranks.ap}
    tops = np.zeros((len(best), len(spec.tops), 2, 6, 1 + spec.resamples))
    for row, (owner, chosen) in enumerate(zip(owners_of(spec, run), best, strict=True)):
        context.check()
        context.progress(row / len(best))
        for column, label in enumerate(owner.labels):
            drawn = _resampled(activations, counts, labels[label][1], chosen[-1])
            for place, some in enumerate(chosen):
                inside = torch.isin(chosen[-1], some)
                tops[row, place, column] = _sums(eta2[label, some], drawn[:, inside], ranks.auc[label, some],
                                                 ranks.ap[label, some])  # fmt: skip

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for metric, values in found.items():
            store.put(spec.experiment_id, LAYER.format(metric=metric, layer=layer), values.numpy())
        store.put(spec.experiment_id, TOPS.format(layer=layer), tops)
        return {"layer": layer}

    return commit


def _gathered(session: Session, spec: SpecificitySpec, language: str, layer: int) -> Tensor:
    store = ArrayStore(session)
    rows = len(store.get(spec.experiment_id, CHOSEN.format(language=language)))
    blocks = range(-(-rows // spec.block_sentences))
    return torch.cat([
        stored_tensor(session, spec.experiment_id, ACTIVATIONS.format(language=language, block=block, layer=layer))
        for block in blocks
    ])  # fmt: skip


def _best(session: Session, spec: SpecificitySpec, run: FinishedRun, owner: Owner, layer: int) -> list[Tensor]:
    """Of each of the top sets of an owner, its neurons in this layer, ascending."""
    sets = (best_of_run(session, run, owner.type, owner.language, spec.measure, top) for top in spec.tops)
    return [torch.from_numpy(by_layer(pairs).get(layer, np.zeros(0, np.int64))) for pairs in sets]


def _resampled(
    activations: Sequence[Tensor], counts: Sequence[Tensor], numbers: Sequence[int], chosen: Tensor
) -> Tensor:
    if not len(chosen):
        return torch.zeros(len(counts[0]), 0, dtype=torch.float64)
    return resampled_eta_squared([one[:, chosen] for one in activations], counts, numbers)


def _sums(eta2: Tensor, drawn: Tensor, auc: Tensor, ap: Tensor) -> NDArray[np.float64]:
    """Sums over a layer's neurons: how many, eta squared, how many reach .1 and .25, AUC, AP; value, then resamples."""
    whole = torch.cat([eta2[None], drawn]).double()
    low, high = contract.THRESHOLDS[:2]
    rows = torch.zeros(6, len(whole), dtype=torch.float64)
    rows[0] = whole.shape[1]
    rows[1] = whole.sum(dim=1)
    rows[2] = (whole >= low).sum(dim=1)
    rows[3] = (whole >= high).sum(dim=1)
    rows[4, 0], rows[5, 0] = auc.double().sum(), ap.double().sum()
    found: NDArray[np.float64] = rows.numpy()
    return found


SPECIFICITY = Analysis(
    kind="specificity",
    stages=(
        Stage("select", "Choosing sentences", plan_once, select_sentences),
        Stage("read", "Reading the model", plan_blocks, read_block),
        Stage("measure", "Comparing languages", plan_layers, measure_layer),
        Stage("finish", "Putting the answer together", plan_once, finish),
    ),
    settle=settle_experiment,
)
