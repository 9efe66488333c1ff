"""The layer metrics behind the map's slider: means over the languages, one value a level."""

import numpy as np

from app.contracts import arrays as names
from app.db.runs import FinishedRun
from app.figures.strip import StripLine
from app.maps.view import Maps

METRICS = (
    ("centroid_cosine", "centroid cosine to the pivot", "type-1", None),
    ("mutual_knn", "mutual kNN", "type-2", "5 2"),
)


def strip_lines(maps: Maps, run: FinishedRun) -> tuple[StripLine, ...]:
    """Centroid cosine and mutual kNN, each averaged over the languages, and the language accuracy."""
    lines = []
    for metric, title, css, dash in METRICS:
        stored = [
            maps.array(run, names.LAYER_METRIC.format(metric=metric, language=code)) for code in run.spec.languages
        ]
        lines.append(StripLine(title, np.mean(stored, axis=0).tolist(), css, dash))
    accuracy = maps.array(run, names.LANGUAGE_ACCURACY)
    return (*lines, StripLine("language accuracy", accuracy.tolist(), "lang-0", "1.5 2"))
