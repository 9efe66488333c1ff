"""Figures of the best neurons: in which layers they sit, and which languages share them."""

import numpy as np

from app.figures.bars import LayerCounts, layer_histogram
from app.figures.figure import Cell, Figure, Table
from app.figures.matrix import matrix_panel, ramp_panel
from app.figures.scale import whole
from app.overview.source import Source


def neurons(source: Source) -> Figure:
    """Layers of the best Type-1 and Type-2 neurons, a panel a language."""
    summary = source.run.summary
    found = []
    for label in source.labels[1:]:
        one, two = (
            np.bincount(source.best(kind, label.code) // summary.neurons, minlength=summary.layers) for kind in (1, 2)
        )
        found.append(LayerCounts(label, one.tolist(), two.tolist()))
    highest = max((max(*counts.type1, *counts.type2) for counts in found), default=1)
    panels = tuple(layer_histogram(counts, summary.split, highest) for counts in found)
    rows: list[tuple[Cell, ...]] = [
        (layer, counts.label.code, counts.type1[layer], counts.type2[layer])
        for counts in found
        for layer in range(summary.layers)
    ]
    caption = (
        f"Neurons per layer among the {whole(source.top)} with the highest score of each type and language "
        f"({_share(source)} of all {whole(source.neurons)}). Type-1 candidates are the neurons of layers "
        f"0–{summary.split - 1}, Type-2 candidates those of layers {summary.split}–{summary.layers - 1}; the dashed "
        "line is where they meet. All panels have the same vertical axis."
    )
    table = Table(("layer", "language", "type_1", "type_2"), tuple(rows))
    return Figure("neurons", "Layers of transfer neurons", caption, panels, 3, table, len(source.run.languages))


def overlap(source: Source) -> Figure:
    """How many of their best neurons two languages share, a matrix a type."""
    found = source.labels[1:]
    panels, rows = [], []
    for kind in (1, 2):
        sets = [set(source.best(kind, label.code).tolist()) for label in found]
        shares = np.array([[len(a & b) / max(len(a), 1) for b in sets] for a in sets])
        cell = max(14.0, min(34.0, 300 / len(found)))
        panels.append(matrix_panel(shares, found, f"Type-{kind}", (0.0, 1.0), cell=cell, numbers=cell >= 24))
        rows += [
            (kind, a.code, b.code, float(shares[i, j]))
            for i, a in enumerate(found)
            for j, b in enumerate(found)
            if i < j
        ]
    chance = [source.top / (layers * source.run.summary.neurons) for layers in _candidate_layers(source)]
    panels.append(ramp_panel((0.0, 1.0), "share in common"))
    caption = (
        f"Share of the {whole(source.top)} best neurons of each type that two languages have in common. Two random "
        f"choices among the candidates would share {chance[0]:.2g} (Type-1) and {chance[1]:.2g} (Type-2)."
    )
    table = Table(("type", "language_a", "language_b", "share"), tuple(rows))
    return Figure(
        "overlap", "Neurons that languages share", caption, tuple(panels), 3, table, len(source.run.languages)
    )


def _candidate_layers(source: Source) -> tuple[int, int]:
    summary = source.run.summary
    return max(summary.split, 1), max(summary.layers - summary.split, 1)


def _share(source: Source) -> str:
    return f"{100 * source.top / source.neurons:.2g} %"
