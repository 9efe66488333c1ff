"""The last stage of a specificity experiment: layers become whole arrays, sums become means with intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import specificity as contract
from app.contracts.specificity import Interval, LabelRow, LayerRow, SpecificityResult, SpecificitySpec, TopRow
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from app.jobs.analysis import Commit, Context
from worker.analyses.families import write_result
from worker.analyses.specificity_parts import CHOSEN, LAYER, TOPS, Owner, labels_of, owners_of
from worker.numerics.separation import significant_eta_squared


def finish(context: Context, spec: SpecificitySpec, piece: dict[str, Any]) -> Commit:
    """Stack the layers, average over the best neurons, and write the answer."""
    with context.session() as session:
        run, store = finished_run(session, spec.run_id), ArrayStore(session)
        layers, labels = range(run.summary.layers), labels_of(spec, run)
        found = {
            metric: np.stack(
                [store.get(spec.experiment_id, LAYER.format(metric=metric, layer=layer)) for layer in layers]
            )
            for metric in contract.METRICS
        }
        tops = np.stack([store.get(spec.experiment_id, TOPS.format(layer=layer)) for layer in layers])
        sentences = {
            language: len(store.get(spec.experiment_id, CHOSEN.format(language=language)))
            for language in run.spec.all_languages
        }
    context.check()
    counts = list(sentences.values())
    owners = owners_of(spec, run)
    result = SpecificityResult(
        languages=run.spec.all_languages,
        families=spec.families,
        labels=tuple(name for name, _ in labels),
        layers=run.summary.layers,
        neurons=run.summary.neurons,
        split=run.summary.split,
        sentences=sentences,
        sample=spec.sample,
        resamples=spec.resamples,
        top=tuple(_top_rows(spec, owners, [name for name, _ in labels], tops.sum(axis=0))),
        every=tuple(
            _label_row(name, found["eta2"][:, k], sum(counts[number] for number in numbers), sum(counts))
            for k, (name, numbers) in enumerate(labels)
        ),
        by_layer=tuple(_layer_row(owner, tops[:, row, -1, 0, :, 0]) for row, owner in enumerate(owners)),
    )

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for metric, values in found.items():
            for k, (name, _) in enumerate(labels):
                store.put(spec.experiment_id, contract.NEURONS.format(metric=metric, label=name), values[:, k].copy())
        store.delete(spec.experiment_id, names.PART)
        write_result(session, spec.experiment_id, result.model_dump(mode="json"))
        return {}

    return commit


def _top_rows(
    spec: SpecificitySpec, owners: Sequence[Owner], labels: Sequence[str], sums: NDArray[np.float64]
) -> list[TopRow]:
    """A row an owner, number of neurons and label; a language without a family has one label only."""
    rows = []
    for number, owner in enumerate(owners):
        for place, top in enumerate(spec.tops):
            for column, label in enumerate(dict.fromkeys(owner.labels)):
                found = sums[number, place, column]
                neurons = int(found[0, 0])
                if not neurons:
                    continue
                means = found[1:] / neurons
                rows.append(
                    TopRow(
                        type=1 if owner.type == 1 else 2,
                        language=owner.language,
                        top=top,
                        neurons=neurons,
                        label=labels[label],
                        eta2=_interval(means[0]),
                        medium=_interval(means[1]),
                        large=_interval(means[2]),
                        auc=float(means[3, 0]),
                        ap=float(means[4, 0]),
                    )
                )
    return rows


def _interval(values: NDArray[np.float64]) -> Interval:
    """The value, then its resamples, as a number with the bounds of 95 % of them, all in 0 to 1.

    Resampled sentences differ less from each other than fresh ones, which raises eta squared by about the share that
    chance explains (.007 came out as .008 to .015 on the demo model). The bounds are moved back by that bias.
    """
    bias = float(values[1:].mean()) - float(values[0])
    low, high = np.clip(np.quantile(values[1:], (0.025, 0.975)) - bias, 0.0, 1.0)
    return Interval(value=float(values[0]), low=float(low), high=float(high))


def _label_row(label: str, eta2: NDArray[Any], own: int, everyone: int) -> LabelRow:
    reached = [eta2 >= threshold for threshold in contract.THRESHOLDS]
    return LabelRow(
        label=label,
        sentences=own,
        others=everyone - own,
        eta2=float(eta2.mean(dtype=np.float64)),
        shares=tuple(float(one.mean()) for one in reached),
        counts=tuple(tuple(int(count) for count in one.sum(axis=1)) for one in reached),
        significant=significant_eta_squared(everyone),
    )


def _layer_row(owner: Owner, sums: NDArray[np.float64]) -> LayerRow:
    """From the sums [layers, 6] of an owner's largest set."""
    neurons, _, medium, large = (tuple(int(value) for value in column) for column in sums[:, :4].T)
    return LayerRow(
        type=1 if owner.type == 1 else 2, language=owner.language, neurons=neurons, medium=medium, large=large
    )
