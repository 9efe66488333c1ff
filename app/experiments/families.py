"""Families and overlap: the kind of experiment, its form, its figures and its table."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field
from sqlalchemy import select

from app.contracts import families as contract
from app.contracts.families import DETECTOR_TITLES, Detector, DetectorName, FamiliesResult, FamiliesSpec
from app.contracts.sets import MEASURES, Measure
from app.db.tables import Experiment
from app.experiments.kind import Desk, Kind, Shown, Table, Wanted
from app.experiments.run_fields import asked_run, asked_top, default_top, families_from, families_text, most
from app.figures.dendrogram import Joint, dendrogram_panel, descent_panel
from app.figures.figure import Cell, Figure
from app.figures.figure import Table as Numbers
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.matrix import matrix_panel, ramp_panel
from app.figures.scale import whole
from app.figures.style import Label, labels
from app.text.languages import language
from app.web.tabular import Cell as CsvCell


class FamiliesForm(BaseModel):
    """The fields of the form."""

    run: str = ""
    measure: Measure = "score"
    top: int | None = Field(None, ge=1, title="Neurons of each language")
    families: str = Field("", max_length=20_000)
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


class FamiliesState(BaseModel):
    """Which detector the figures show."""

    by: Literal["type1", "type2", "eta2", "lape", "ap"] = "type2"


def specify(desk: Desk, form: FamiliesForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    top = asked_top(run, form.top)
    measured = desk.session.scalars(
        select(Experiment.id)
        .where(Experiment.run_id == run.id, Experiment.kind == "specificity", Experiment.status == "complete")
        .order_by(Experiment.created.desc())
    ).first()
    spec = FamiliesSpec(
        experiment_id=experiment_id,
        run_id=run.id,
        model_id=run.model.id,
        measure=form.measure,
        top=top,
        families=families_from(run, form.families),
        specificity_id=measured,
        seed=form.seed,
    )
    also = "its neurons' average precision, from the specificity experiment" if measured else "nothing else"
    costs = (("Reads", "what the run stores; the model is not asked"), ("Also compares", also))
    return Wanted(spec, f"Families of {run.name}", run.model.id, run.id, seconds=10, costs=costs)


def fields(desk: Desk, form: FamiliesForm) -> dict[str, Any]:
    """What the form shows beside its values."""
    run = asked_run(desk, form.run)
    return {
        "measures": MEASURES,
        "top": form.top or default_top(run),
        "most": most(run),
        "families": families_text(run, form.families),
        "codes": run.spec.all_languages,
    }


def show(shown: Shown) -> dict[str, Any]:
    """What the page says around the figures."""
    result = FamiliesResult.model_validate(shown.result)
    return {"result": result, "detector": _chosen(shown, result), "titles": DETECTOR_TITLES}


def _chosen(shown: Shown, result: FamiliesResult) -> Detector:
    wanted = shown.state.model_dump()["by"]
    return next((one for one in result.detectors if one.name == wanted), result.detectors[0])


def _labels(shown: Shown, result: FamiliesResult) -> tuple[Label, ...]:
    pivot = shown.experiment.run.languages[0] if shown.experiment.run else language(result.languages[0])
    return labels((pivot, *(language(code) for code in result.languages)))[1:]


def _array(shown: Shown, name: str, detector: DetectorName) -> np.ndarray:
    return shown.desk.cache.cached(shown.desk.session, shown.experiment.id, name.format(detector=detector))


def figures(shown: Shown) -> Sequence[Figure]:
    """Overlap, dendrogram beside the tree, overlap by layer, detectors against each other."""
    result = FamiliesResult.model_validate(shown.result)
    detector, named = _chosen(shown, result), _labels(shown, result)
    if len(named) < 2:
        return [_detectors(shown, result, named)]
    return [
        _overlap(shown, detector, named),
        _trees(result, detector, named),
        _layers(shown, result, detector, named),
        _detectors(shown, result, named),
    ]


def _overlap(shown: Shown, detector: Detector, named: Sequence[Label]) -> Figure:
    found = _array(shown, contract.JACCARD, detector.name)
    chance = _array(shown, contract.CHANCE, detector.name)
    order = list(detector.order)
    ordered = [named[k] for k in order]
    apart = found[~np.eye(len(named), dtype=bool)]
    top = max(0.05, float(np.ceil(apart.max() * 20) / 20))
    cell = max(14.0, min(40.0, 360 / len(named)))
    values = found[np.ix_(order, order)].copy()
    np.fill_diagonal(values, np.nan)
    panels = (
        matrix_panel(values, ordered, DETECTOR_TITLES[detector.name], (0.0, top), cell=cell, numbers=cell >= 24),
        ramp_panel((0.0, top), "Jaccard index"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (named[i].code, named[j].code, float(found[i, j]), float(chance[i, j]))
        for i in range(len(named))
        for j in range(i + 1, len(named))
    )
    sizes = sorted(set(detector.sizes))
    size = whole(sizes[0]) if len(sizes) == 1 else f"{whole(sizes[0])}–{whole(sizes[-1])}"
    caption = (
        f"Neurons that two languages have in common over those that either has (Jaccard index), {size} a language "
        f"chosen by {DETECTOR_TITLES[detector.name]} among {whole(detector.candidates)}. Random sets of these sizes "
        f"would have {_number(detector.chance)} on average; these have {_number(detector.mean)}."
    )
    table = Numbers(("language_a", "language_b", "jaccard", "chance"), rows)
    return Figure("overlap", "Shared neurons", caption, panels, 2, table, len(named) + 1)


def _trees(result: FamiliesResult, detector: Detector, named: Sequence[Label]) -> Figure:
    joints = [Joint(one.left, one.right, one.height) for one in detector.merges]
    panels = (
        dendrogram_panel(joints, detector.order, named, "By shared neurons", axis="1 − Jaccard index"),
        descent_panel(result.lineages, detector.order, named, "By descent (Glottolog)"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (step, one.left, one.right, one.height) for step, one in enumerate(detector.merges, start=len(named))
    )
    caption = (
        "First: languages clustered by the neurons they share (average linkage of 1 − Jaccard index; cophenetic "
        f"correlation {_number(detector.cophenetic)}). Then the branches they descend from, in the same order as far "
        "as the tree allows. In the table, clusters count on from the last language."
    )
    table = Numbers(("cluster", "left", "right", "height"), rows)
    return Figure("trees", "Clusters beside the family tree", caption, panels, 2, table, len(named) + 1)


def _layers(shown: Shown, result: FamiliesResult, detector: Detector, named: Sequence[Label]) -> Figure:
    found = _array(shown, contract.LAYER_JACCARD, detector.name)
    chance = _array(shown, contract.LAYER_CHANCE, detector.name)
    counts = _array(shown, contract.COUNTS, detector.name)
    rows_of, columns_of = np.triu_indices(len(named), 1)
    series = []
    for k, label in enumerate(named):
        others = [j for j in range(len(named)) if j != k]
        series.append(Series(label, np.where(counts[:, k] > 0, found[:, k, others].mean(axis=1), np.nan).tolist()))
    by_chance = chance[:, rows_of, columns_of].mean(axis=1)
    panels = (
        line_panel(
            series,
            LineAxes("Mean Jaccard index with the others (dotted: chance)", x="layer", zero=True, width=420),
            reference=by_chance.tolist(),
        ),
        line_panel(
            [Series(label, counts[:, k].astype(float).tolist()) for k, label in enumerate(named)],
            LineAxes("Neurons of the set", x="layer", zero=True, width=420),
        ),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (layer, named[i].code, named[j].code, int(counts[layer, i]), int(counts[layer, j]), float(found[layer, i, j]),
         float(chance[layer, i, j]))
        for layer in range(result.layers)
        for i, j in zip(rows_of.tolist(), columns_of.tolist(), strict=True)
    )  # fmt: skip
    caption = (
        "In each layer, the mean Jaccard index of a language's neurons there with those of every other language, a gap "
        "where it has none; and how many of its neurons are in the layer."
    )
    columns = ("layer", "language_a", "language_b", "neurons_a", "neurons_b", "jaccard", "chance")
    return Figure("layers", "Shared neurons by layer", caption, panels, 2, Numbers(columns, rows), len(named) + 1)


def _detectors(shown: Shown, result: FamiliesResult, named: Sequence[Label]) -> Figure:
    found = shown.desk.cache.cached(shown.desk.session, shown.experiment.id, contract.DETECTORS)
    chance = shown.desk.cache.cached(shown.desk.session, shown.experiment.id, contract.DETECTORS_CHANCE)
    names = [one.name for one in result.detectors]
    brief = {"eta2": "η²", "ap": "AP"}
    short = [Label(brief.get(name, DETECTOR_TITLES[name]), "", "Latn", 0, "lang-0") for name in names]
    mean = found.mean(axis=0)
    np_mean = np.where(np.eye(len(names), dtype=bool), np.nan, mean)
    top = max(0.05, float(np.ceil(np.nanmax(np_mean) * 20) / 20)) if len(names) > 1 else 1.0
    panels = (
        matrix_panel(np_mean, short, "Mean over languages", (0.0, top), cell=44, numbers=True),
        ramp_panel((0.0, top), "Jaccard index"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (named[k].code, names[i], names[j], float(found[k, i, j]), float(chance[k, i, j]))
        for k in range(len(named))
        for i in range(len(names))
        for j in range(i + 1, len(names))
    )
    caption = (
        "How far different ways to choose a language's neurons agree: Type-1 and Type-2 by this run's score, the "
        "neurons with the highest η² of the language against the others, LAPE over the run's sentences (share of "
        f"sentences with a positive activation, threshold {result.lape_threshold:.3g})"
        + (", highest average precision" if "ap" in names else "")
        + ". The table has every language with its chance level."
    )
    table = Numbers(("language", "detector_a", "detector_b", "jaccard", "chance"), rows)
    return Figure("detectors", "Agreement with other detectors", caption, panels, 2, table, len(named) + 1)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"


def table(shown: Shown) -> Table:
    """Every pair of languages by every detector."""
    result = FamiliesResult.model_validate(shown.result)

    def rows() -> Iterator[Sequence[CsvCell]]:
        for detector in result.detectors:
            found = _array(shown, contract.JACCARD, detector.name)
            chance = _array(shown, contract.CHANCE, detector.name)
            for i, j in zip(*np.triu_indices(len(result.languages), 1), strict=True):
                yield (detector.name, result.languages[i], result.languages[j], detector.sizes[i], detector.sizes[j],
                       float(found[i, j]), float(chance[i, j]))  # fmt: skip

    return ("detector", "language_a", "language_b", "neurons_a", "neurons_b", "jaccard", "chance"), rows()


FAMILIES = Kind(
    name="families",
    title="Families and overlap",
    question="Do related languages share more of their neurons, and do other ways to find neurons find the same ones?",
    form=FamiliesForm,
    specify=specify,
    table=table,
    show=show,
    fields=fields,
    figures=figures,
    state=FamiliesState,
)
