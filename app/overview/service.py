"""Every figure of a run by name, and the layer metrics as a table."""

from collections.abc import Callable

from app.errors import NotFound
from app.figures.figure import Figure
from app.overview.alignment import accuracy, alignment, distance
from app.overview.centroids import centroids
from app.overview.neurons import neurons, overlap
from app.overview.source import Source

FIGURES: dict[str, Callable[[Source], Figure]] = {
    "alignment": alignment,
    "distance": distance,
    "accuracy": accuracy,
    "neurons": neurons,
    "overlap": overlap,
    "centroids": centroids,
}


def figure(source: Source, name: str) -> Figure:
    """The figure of that name. Raises NotFound naming the figures there are, or why this one cannot be drawn."""
    if name not in FIGURES:
        raise NotFound(f"There is no figure “{name[:40]}”. There are: {', '.join(FIGURES)}.")
    return FIGURES[name](source)


def all_figures(source: Source) -> tuple[list[Figure], list[str]]:
    """Every figure that can be drawn, and a sentence for each that cannot."""
    drawn, missing = [], []
    for draw in FIGURES.values():
        try:
            drawn.append(draw(source))
        except NotFound as reason:
            missing.append(str(reason))
    return drawn, missing
