"""The figure of centroids: which languages lie near each other, level by level."""

import numpy as np

from app.contracts import arrays as names
from app.figures.figure import Cell, Figure, Table
from app.figures.matrix import matrix_panel, ramp_panel
from app.overview.source import Source

SMALL_MULTIPLES = 8


def centroids(source: Source) -> Figure:
    """Cosines between the centroids of all languages: some levels side by side, or the one that is asked for."""
    values = source.array(names.CENTROID_COSINE)
    labels, count = source.labels, len(source.run.languages)
    shown = shown_levels(source)
    single = len(shown) == 1
    apart = values[list(shown)][:, ~np.eye(count, dtype=bool)]
    low = float(np.floor(apart.min() * 20) / 20) if apart.size else 0.0
    limits = (min(low, 0.95), 1.0)
    cell = max(14.0, min(44.0, 420 / count)) if single else max(9.0, min(26.0, 150 / count))
    panels = [
        matrix_panel(values[level], labels, f"level {level}", limits, cell=cell, numbers=single and cell >= 24)
        for level in shown
    ]
    panels.append(ramp_panel(limits, "cosine of centroids"))
    rows: list[tuple[Cell, ...]] = [
        (level, labels[i].code, labels[j].code, float(values[level, i, j]))
        for level in range(source.levels)
        for i in range(count)
        for j in range(i + 1, count)
    ]
    which = (
        f"at level {shown[0]}" if single else f"at {len(shown)} of {source.levels} levels; all panels share one ramp"
    )
    caption = f"Cosine between the centroids of two languages' hidden states, {which}."
    table = Table(("level", "language_a", "language_b", "cosine"), tuple(rows))
    return Figure("centroids", "Centroids of the languages", caption, tuple(panels), 4, table, count)


def shown_levels(source: Source) -> tuple[int, ...]:
    """The asked level, or up to eight spread evenly from the first to the last."""
    if source.query.level is not None:
        return (source.query.level,)
    spread = np.linspace(0, source.levels - 1, min(SMALL_MULTIPLES, source.levels))
    return tuple(dict.fromkeys(round(level) for level in spread.tolist()))
