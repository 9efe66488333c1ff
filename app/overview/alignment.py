"""Figures over levels: how near translations lie, how far centroids are apart, how well languages are told apart."""

import numpy as np

from app.contracts import arrays as names
from app.errors import NotFound
from app.figures.figure import Cell, Figure, Panel, Table
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.scale import whole
from app.figures.style import Label
from app.overview.source import Source
from app.text.plural import plural

NO_PAIRS = "This run has no translations, so alignment cannot be measured. Use a corpus whose lines are parallel."


def alignment(source: Source) -> Figure:
    """Translations against others, their gap, mutual kNN with chance, retrieval. Raises NotFound without pairs."""
    pair = _series(source, "parallel") + _series(source, "nonparallel", faint=True)
    if not any(np.isfinite(one.values).any() for one in pair):
        raise NotFound(NO_PAIRS)
    chance = np.mean([source.metric("mutual_knn_chance", code) for code in source.run.spec.languages], axis=0)
    neighbours = source.run.spec.settings.neighbours
    panels = (
        line_panel(pair, LineAxes("Cosine: translations, and others (thin)")),
        line_panel(_series(source, "gap"), LineAxes("Gap of the two cosines", zero=True)),
        line_panel(
            _series(source, "mutual_knn"),
            LineAxes(f"Mutual kNN, k = {neighbours} (dotted: chance)", limits=(0, 1)),
            reference=chance.tolist(),
        ),
        line_panel(_series(source, "retrieval"), LineAxes("Translation is the nearest (retrieval@1)", limits=(0, 1))),
    )
    pivot = source.run.languages[0].endonym
    caption = (
        f"Alignment of each language with {pivot} at every level: mean cosine of translations and of sentences of "
        f"different meaning, their gap, overlap of nearest neighbours, and share of sentences whose nearest {pivot} "
        f"sentence is their translation; {source.pairs} pairs per language. Higher is nearer to one shared space."
    )
    metrics = ("parallel", "nonparallel", "gap", "mutual_knn", "mutual_knn_chance", "retrieval")
    return _figure(source, "alignment", f"Alignment with {pivot}", caption, panels, _table(source, metrics))


def distance(source: Source) -> Figure:
    """How far each language's centroid is from the pivot's, relative and as an angle."""
    panels = (
        line_panel(_series(source, "distance"), LineAxes("Distance of centroids (relative)", zero=True)),
        line_panel(_series(source, "centroid_cosine"), LineAxes("Cosine of centroids")),
    )
    pivot = source.run.languages[0].endonym
    caption = (
        f"Distance between the centroid of each language and that of {pivot}, relative to the mean length of the two, "
        f"and the cosine of the two, at every level; {_sentences(source)}."
    )
    metrics = ("distance", "centroid_cosine")
    return _figure(source, "distance", f"Distance to {pivot}", caption, panels, _table(source, metrics))


def accuracy(source: Source) -> Figure:
    """Whether languages can be told apart, and in how many dimensions each lives."""
    values = source.array(names.LANGUAGE_ACCURACY)
    chance = 1 / len(source.run.languages)
    all_of_them = Label("", "All languages", "Latn", 0, "lang-0")
    panels = (
        line_panel(
            [Series(all_of_them, values.tolist())],
            LineAxes("Accuracy (dotted: chance)", limits=(0, 1)),
            reference=[chance] * len(values),
        ),
        line_panel(_series(source, "dimension90"), LineAxes("Components for 90 % of the variance", zero=True)),
    )
    caption = (
        f"Accuracy: share of held-out sentences whose nearest centroid is that of their own language, among "
        f"{len(source.run.languages)} languages; chance is {chance:.2g}. Components: those principal ones that carry "
        f"90 % of the variance of a language's hidden states; {_sentences(source)}."
    )
    table = _table(source, ("dimension90", "dimension95", "dimension99"))
    rows = tuple((*row, float(values[int(row[0] or 0)])) for row in table.rows)
    told = Table((*table.columns, "language_accuracy"), rows)
    return _figure(source, "accuracy", "Languages told apart, and their dimension", caption, panels, told)


def _series(source: Source, metric: str, *, faint: bool = False) -> list[Series]:
    found = []
    for label in source.labels[1:]:
        values = source.metric(metric, label.code).astype(float).tolist()
        found.append(Series(label, values, faint=faint or label.css == "lang-other"))
    return found


def _table(source: Source, metrics: tuple[str, ...]) -> Table:
    columns = {(metric, code): source.metric(metric, code) for metric in metrics for code in source.run.spec.languages}
    rows: list[tuple[Cell, ...]] = []
    for level in range(source.levels):
        for code in source.run.spec.languages:
            rows.append((level, code, *(float(columns[metric, code][level]) for metric in metrics)))
    return Table(("level", "language", *metrics), tuple(rows))


def _sentences(source: Source) -> str:
    counts = sorted({one.sentences for one in source.run.summary.languages})
    most = "" if len(counts) == 1 else f"–{whole(counts[-1])}"
    return f"n\u00a0=\u00a0{whole(counts[0])}{most} {plural(counts[-1], 'sentence')} per language"


def _figure(source: Source, name: str, title: str, caption: str, panels: tuple[Panel, ...], table: Table) -> Figure:
    return Figure(name, title, caption, panels, 2, table, len(source.run.languages))
