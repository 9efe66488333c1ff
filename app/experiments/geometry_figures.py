"""The figures of geometry under intervention: lines over levels with random bands, matrices, and the moved map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.experiments.geometry_source import METRIC_WORDS, Source
from app.experiments.kind import Shown
from app.figures.figure import Cell, Figure, Panel, Table
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.matrix import matrix_panel, ramp_panel
from app.figures.overlay import Moved, overlay_panels
from app.figures.scale import domain
from app.figures.style import Label
from app.text.plural import counted

WHOLE = (0.0, 1.0)
POINTS_STILL = 1500


@dataclass(frozen=True)
class _Topic:
    """A figure of lines: a metric a panel draws, and a second one it draws thin."""

    name: str
    title: str
    metrics: tuple[str, ...]
    meaning: str
    axis: str = "level (0 = embeddings)"
    limits: tuple[float, float] | None = None


TOPICS = (
    _Topic(
        "similarity",
        "Translations and other sentences",
        ("parallel", "nonparallel"),
        "Mean cosine of a language's states with the pivot's: translations, and sentences of different meaning (thin)",
    ),
    _Topic(
        "gap",
        "Gap: same minus different meaning",
        ("gap",),
        "Mean cosine of translations minus that of sentences of different meaning; at 0 meaning no longer shows",
    ),
    _Topic(
        "neighbours",
        "Mutual nearest neighbours",
        ("mutual_knn",),
        "Share of its nearest neighbours that a sentence has in common with its translation",
        limits=WHOLE,
    ),
    _Topic(
        "activations",
        "Activation patterns",
        ("activation_parallel", "activation_nonparallel"),
        "Mean cosine of the activations of a layer's neurons with the pivot's: translations, and others (thin)",
        axis="layer",
    ),
    _Topic(
        "shift",
        "How far the states move",
        ("shift",),
        "Mean length of the change of a state over the mean length of the state",
    ),
)


def figures(shown: Shown) -> Sequence[Figure]:
    """Every figure of the answer, for the type in the state."""
    source = Source(shown)
    found = [*(_lines(source, topic) for topic in TOPICS), _centroids(source)]
    if any(one.startswith("from/") for one in source.result.conditions[source.result.languages[0]]):
        found.append(_cross(source))
    if source.result.mapped is not None:
        found.append(_map(source))
    return found


def _lines(source: Source, topic: _Topic) -> Figure:
    """A panel a language: normal, zeroed, and the band of the random draws; a second metric is drawn thin."""
    every = np.concatenate([source.metric(metric, one.code)[: 2 + source.result.draws].reshape(-1)
                            for metric in topic.metrics for one in source.named])  # fmt: skip
    common = topic.limits or domain(every.tolist(), zero=topic.name in ("gap", "shift"), least=0.02)
    panels: list[Panel] = []
    rows: list[tuple[Cell, ...]] = []
    for one in source.named:
        series = [
            line for k, metric in enumerate(topic.metrics) for line in _series(source, metric, one.code, faint=k > 0)
        ]
        axes = LineAxes(f"{one.code} · {one.endonym}", x=topic.axis, limits=common, right=54.0)
        panels.append(line_panel(series, axes))
        for metric in topic.metrics:
            values = source.metric(metric, one.code)
            drawn = values[source.draws]
            for level in range(values.shape[1]):
                rows.append((level, one.code, metric, float(values[0, level]), float(values[1, level]),
                             *_band(drawn[:, level])))  # fmt: skip
    draws = source.result.draws
    band = f"; grey: mean and 95 % of {counted(draws, 'layer-matched random draw')}" if draws else ""
    caption = (
        f"{topic.meaning}. Without a hue: normal; in colour: the language's own Type-{source.kind} neurons zeroed, "
        f"the pivot's sentences untouched{band}; {source.pairs} pairs per language."
    )
    columns = (
        topic.axis.split(" ")[0],
        "language",
        "measure",
        "normal",
        "zeroed",
        "random",
        "random_low",
        "random_high",
    )
    return Figure(topic.name, topic.title, caption, tuple(panels), 3, Table(columns, tuple(rows)), len(source.everyone))


def _series(source: Source, metric: str, code: str, *, faint: bool) -> list[Series]:
    values = source.metric(metric, code)
    zeroed = Label("zeroed", f"Type-{source.kind} zeroed", "Latn", 0, f"type-{source.kind}")
    found = [
        Series(Label("normal", "normal", "Latn", 0, "lang-0"), values[0].tolist(), faint=faint),
        Series(zeroed, values[1].tolist(), faint=faint),
    ]
    drawn = values[source.draws]
    if len(drawn):
        low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
        label = Label("random", "random draws", "Latn", 2, "lang-other")
        found.append(Series(label, drawn.mean(axis=0).tolist(), low.tolist(), high.tolist(), faint=faint))
    return found


def _band(drawn: np.ndarray) -> tuple[float | None, float | None, float | None]:
    if not len(drawn):
        return None, None, None
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(drawn.mean()), float(low), float(high)


def _centroids(source: Source) -> Figure:
    """Cosines of all centroids at one level: normal, zeroed, and the mean over the random draws."""
    conditions = [("normal", "normal"), (f"type{source.kind}", f"Type-{source.kind} zeroed")]
    if source.result.draws:
        conditions.append((f"random{source.kind}", "random, mean"))
    found = {key: source.array(contract.COSINES, condition=key) for key, _ in conditions}
    count = len(source.everyone)
    off = ~np.eye(count, dtype=bool)
    low = min(float(values[source.level][off].min()) for values in found.values())
    limits = (min(float(np.floor(low * 20) / 20), 0.95), 1.0)
    cell = max(14.0, min(34.0, 240 / count))
    panels = [matrix_panel(found[key][source.level], source.everyone, title, limits, cell=cell, numbers=cell >= 24)
              for key, title in conditions]  # fmt: skip
    panels.append(ramp_panel(limits, "cosine of centroids"))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            level,
            source.everyone[i].code,
            source.everyone[j].code,
            *(float(values[level, i, j]) for values in found.values()),
        )
        for level in range(source.result.layers + 1)
        for i in range(count)
        for j in range(i + 1, count)
    )
    caption = (
        f"Cosine between the centroids of every two languages at level {source.level}; every language but the pivot "
        "with its own neurons zeroed. The table has every level."
    )
    table = Table(("level", "language_a", "language_b", *found), rows)
    return Figure("centroids", "Centroids of the languages", caption, tuple(panels), 4, table, count)


def _cross(source: Source) -> Figure:
    """Language A with the neurons of B, for all pairs: what the metric loses."""
    metric = source.shown.state.model_dump()["cross"]
    codes = [one.code for one in source.named]
    lost, moved = np.full((2, len(codes), len(codes)), np.nan)
    rows: list[tuple[Cell, ...]] = []
    for i, code in enumerate(codes):
        conditions = source.result.conditions[code]
        values, shift = source.metric(metric, code), source.metric("shift", code)
        for j, other in enumerate(codes):
            row = 1 if i == j else conditions.index(f"from/{other}")
            lost[i, j] = values[0, source.level] - values[row, source.level]
            moved[i, j] = shift[row, source.level]
            for level in range(values.shape[1]):
                rows.append(
                    (level, code, other, float(values[0, level]), float(values[row, level]), float(shift[row, level]))
                )
        drawn = values[source.draws]
        for level in range(values.shape[1] if len(drawn) else 0):
            mean = float(shift[source.draws, level].mean())
            rows.append((level, code, "random", float(values[0, level]), float(drawn[:, level].mean()), mean))
    cell = max(16.0, min(40.0, 260 / len(codes)))
    panels: list[Panel] = []
    if metric != "shift":
        edge = max(float(np.nanmax(np.abs(lost))), 1e-3)
        bounds = (min(float(np.nanmin(lost)), 0.0), edge)
        panels += [matrix_panel(lost, source.named, "Lost", bounds, cell=cell, numbers=cell >= 24),
                   ramp_panel(bounds, "normal minus changed")]  # fmt: skip
    most = max(float(np.nanmax(moved)), 1e-3)
    panels.append(matrix_panel(moved, source.named, "States move", (0.0, most), cell=cell, numbers=cell >= 24))
    panels.append(ramp_panel((0.0, most), "relative change"))
    caption = (
        f"Sentences of the row's language with the Type-{source.kind} neurons of the column's zeroed, at level "
        f"{source.level}: what is lost of “{METRIC_WORDS[metric].lower()}”, and how far the states move. On the "
        "diagonal its own neurons. The table has every level, and the mean over random draws."
    )
    columns = ("level", "language", "neurons_of", f"{metric}_normal", f"{metric}_changed", "shift")
    return Figure("cross", "Neurons of another language", caption, tuple(panels), 2, Table(columns, tuple(rows)),
                  len(source.everyone))  # fmt: skip


def _map(source: Source) -> Figure:
    """The run's map at one level: before and after, over the pivot's sentences."""
    run = source.shown.experiment.run
    assert run is not None
    assert run.summary is not None
    cache, session = source.shown.desk.cache, source.shown.desk.session
    method = str(source.result.mapped)
    card = run.summary.maps[method]
    points = cache.cached(session, run.id, names.MAP_POINTS.format(method=method, level=source.level))
    spoken = cache.cached(session, run.id, names.MAP_LANGUAGE)
    x0, y0, x1, y1 = card.bounds
    still = (points[spoken == 0][:POINTS_STILL].astype(np.float64) / 32767 + 1) / 2 * [x1 - x0, y1 - y0] + [x0, y0]
    moved: list[Moved] = []
    rows: list[tuple[Cell, ...]] = []
    for one in source.named:
        before = source.array(contract.MAP_BEFORE, language=one.code)[source.level]
        after = source.array(contract.MAP_AFTER, language=one.code)[source.level]
        ids = source.array(contract.SENTENCES, language=one.code)
        moved.append(Moved(one, before, after))
        rows += [
            (one.code, int(number), *map(float, (*a, *b))) for number, a, b in zip(ids, before, after, strict=True)
        ]
    panels = overlay_panels(still, moved, f"{card.title}, level {source.level}")
    caption = (
        f"The run's map ({card.title}) at level {source.level}. Dots: sentences as they are; rings: the same sentences "
        f"with their language's Type-{source.kind} neurons zeroed, projected by the same axes; grey: the pivot's "
        "sentences, which are never changed."
    )
    table = Table(("language", "sentence", "x", "y", "x_zeroed", "y_zeroed"), tuple(rows))
    return Figure("map", "On the map", caption, panels, 2, table, len(source.everyone))
