"""The figures of language specificity: the best neurons with intervals, every neuron by layer, the best by layer."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel

from app.contracts import specificity as contract
from app.contracts.specificity import THRESHOLDS, SpecificityResult, TopRow
from app.experiments.kind import Shown
from app.figures.bars import LayerCounts, layer_histogram
from app.figures.figure import Cell, Figure, Panel, Table
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.ranges import Condition, Range, range_panel
from app.figures.scale import whole
from app.figures.style import Label, labels
from app.text.languages import language

QUANTILES = (0.5, 0.9, 0.99)


class SpecificityState(BaseModel):
    """Which numbers the figures show: of the `top` best (0: the largest number), and held against which label."""

    top: int = 0
    label: str = ""


def chosen_label(shown: Shown, result: SpecificityResult) -> str:
    """The label of the figure over layers."""
    wanted = shown.state.model_dump()["label"]
    return wanted if wanted in result.labels else result.labels[1]


def figures(shown: Shown) -> Sequence[Figure]:
    """Every figure of the answer."""
    result = SpecificityResult.model_validate(shown.result)
    named = labels([language(code) for code in result.languages])
    label = chosen_label(shown, result)
    return [_best(shown, result, named), _every(result, named), _spread(shown, result, label), _layers(result, named)]


def _top(shown: Shown, result: SpecificityResult) -> int:
    tops = sorted({row.top for row in result.top})
    wanted = shown.state.model_dump()["top"]
    return wanted if wanted in tops else tops[-1]


def _best(shown: Shown, result: SpecificityResult, named: Sequence[Label]) -> Figure:
    top = _top(shown, result)
    rows: dict[tuple[int, str, bool], TopRow] = {
        (row.type, row.language, "/" in row.label): row for row in result.top if row.top == top
    }
    panels = []
    for title, pick in (("Mean η²", "eta2"), ("Share with η² ≥ .1", "medium"), ("Share with η² ≥ .25", "large")):
        conditions = [
            Condition(
                words, f"type-{kind}", [_range(rows.get((kind, one.code, family)), pick) for one in named[1:]], hollow
            )
            for kind, family, hollow, words in (
                (1, False, False, "Type-1, language"),
                (1, True, True, "Type-1, family"),
                (2, False, False, "Type-2, language"),
                (2, True, True, "Type-2, family"),
            )
        ]
        panels.append(range_panel(named[1:], conditions, title, f"of the {whole(top)} best", width=420))
    table = Table(
        ("type", "language", "label", "neurons", "eta2", "low", "high", "share_10", "share_25", "auc", "ap"),
        tuple(
            (row.type, row.language, row.label.removeprefix("family/"), row.neurons, row.eta2.value, row.eta2.low,
             row.eta2.high, row.medium.value, row.large.value, row.auc, row.ap)
            for row in result.top
            if row.top == top
        ),
    )  # fmt: skip
    caption = (
        f"How specific the {whole(top)} best neurons of each type are: share of the variance of their activation that "
        "their own language against all others explains (dots), or its family (rings). Bars: 95 % of "
        f"{whole(result.resamples)} resamples of the sentences, drawn anew within each language."
    )
    return Figure("best", "The best neurons", caption, tuple(panels), 2, table, len(named))


def _range(row: TopRow | None, pick: str) -> Range | None:
    if row is None:
        return None
    found = getattr(row, pick)
    return Range(
        found.value, found.low if found.low is not None else np.nan, found.high if found.high is not None else np.nan
    )


def _every(result: SpecificityResult, named: Sequence[Label]) -> Figure:
    by_label = {row.label: row for row in result.every}
    panels = []
    for place, threshold in enumerate(THRESHOLDS):
        series = [Series(one, [float(n) for n in by_label[one.code].counts[place]]) for one in named]
        axes = LineAxes(f"Neurons with η² ≥ {threshold:g}", x="layer", zero=True)
        panels.append(line_panel(series, axes))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (layer, row.label.removeprefix("family/"), *(counts[layer] for counts in row.counts))
        for row in result.every
        for layer in range(result.layers)
    )
    columns = ("layer", "label", *(f"eta2_{round(100 * threshold)}" for threshold in THRESHOLDS))
    least = max(row.significant for row in result.every)
    caption = (
        f"Of {whole(result.neurons)} neurons in each layer, those whose activation the language explains to at least "
        "10 %, 25 % and 50 %. An analysis of variance would call every η² above "
        f"{least:.2g} significant (p < .05) with so many sentences, so no p is given. The table has the families too."
    )
    return Figure("every", "Every neuron, by layer", caption, tuple(panels), 3, Table(columns, rows), len(named))


def _spread(shown: Shown, result: SpecificityResult, label: str) -> Figure:
    found = {
        metric: shown.desk.cache.cached(
            shown.desk.session, shown.experiment.id, contract.NEURONS.format(metric=metric, label=label)
        )
        for metric in contract.METRICS
    }
    row = next(row for row in result.every if row.label == label)
    chance = {"eta2": None, "auc": 0.5, "ap": row.sentences / (row.sentences + row.others)}
    titles = {"eta2": "η²", "auc": "Area under the ROC curve", "ap": "Average precision"}
    panels: list[Panel] = []
    rows: list[tuple[Cell, ...]] = []
    quantiles = {metric: np.quantile(values, (0.01, *QUANTILES), axis=1) for metric, values in found.items()}
    for metric, values in quantiles.items():
        series = [
            Series(Label(f"{100 * share:g} %", f"{100 * share:g} %", "Latn", k, "lang-0"), line_of.tolist())
            for k, (share, line_of) in enumerate(zip(QUANTILES, values[1:], strict=True))
        ]
        level = chance[metric]
        reference = None if level is None else [level] * result.layers
        axes = LineAxes(
            titles[metric] + (" (dotted: chance)" if level is not None else ""), x="layer", zero=metric == "eta2"
        )
        panels.append(line_panel(series, axes, reference=reference))
    for layer in range(result.layers):
        for metric, values in quantiles.items():
            rows.append((layer, metric, *(float(value) for value in values[:, layer])))
    caption = (
        "The distribution over the neurons of each layer of how far they tell "
        f"{label.removeprefix('family/')} from the other languages: half, 90 % and 99 % of the neurons lie "
        "below the lines."
    )
    columns = ("layer", "measure", "1 %", *(f"{100 * share:g} %" for share in QUANTILES))
    name = label.removeprefix("family/") if label.startswith("family/") else language(label).name
    return Figure("spread", f"Distribution for {name}", caption, tuple(panels), 3, Table(columns, tuple(rows)), 1)


def _layers(result: SpecificityResult, named: Sequence[Label]) -> Figure:
    by_owner = {(row.type, row.language): row for row in result.by_layer}
    found = [LayerCounts(one, by_owner[1, one.code].medium, by_owner[2, one.code].medium) for one in named[1:]]
    highest = max((max(*counts.type1, *counts.type2) for counts in found), default=1)
    panels = tuple(layer_histogram(counts, result.split, highest) for counts in found)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (layer, f"type{row.type}", row.language, row.neurons[layer], row.medium[layer], row.large[layer])
        for row in result.by_layer
        for layer in range(result.layers)
        if row.neurons[layer]
    )
    most = max((row.top for row in result.top), default=0)
    caption = (
        f"Where the specific ones are: of the {whole(most)} best neurons of each type and language, those with an η² "
        "of .1 or more for their own language, by layer. The table has all of the set, and those of .25 or more."
    )
    table = Table(("layer", "type", "language", "neurons", "eta2_10", "eta2_25"), rows)
    return Figure("layers", "Specific transfer neurons by layer", caption, panels, 3, table, len(named))
