"""What the figures of geometry under intervention are drawn from: the state of the page, and arrays by metric."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from app.contracts import geometry as contract
from app.contracts.geometry import LAYER_METRICS, LEVEL_METRICS, GeometryResult
from app.experiments.kind import Shown
from app.figures.style import labels
from app.text.languages import language

METRIC_WORDS: dict[str, str] = {
    "parallel": "Cosine of translations",
    "gap": "Gap: translations minus other sentences",
    "mutual_knn": "Mutual kNN",
    "retrieval": "Translation is the nearest",
    "centroid_cosine": "Cosine of the centroids",
    "shift": "Relative change of the states",
}


class GeometryState(BaseModel):
    """Which type the figures show, at which level matrices and the map are drawn, and what is crossed."""

    type: int = Field(1, ge=1, le=2)
    level: int | None = None
    cross: Literal["parallel", "gap", "mutual_knn", "retrieval", "centroid_cosine", "shift"] = "gap"


def shown_level(shown: Shown, result: GeometryResult) -> int:
    """The asked level; else for Type-1 the first behind its candidates, for Type-2 the last."""
    state = shown.state.model_dump()
    kind = state["type"] if state["type"] in result.types else result.types[0]
    usual = result.split if kind == 1 else result.layers
    level = state["level"]
    return level if level is not None and 0 <= level <= result.layers else usual


class Source:
    """A result with its arrays and labels, for one type."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.result = GeometryResult.model_validate(shown.result)
        wanted = shown.state.model_dump()["type"]
        self.kind = wanted if wanted in self.result.types else self.result.types[0]
        self.level = shown_level(shown, self.result)
        self.everyone = labels([language(code) for code in (self.result.pivot, *self.result.languages)])
        self.named = self.everyone[1:]

    def array(self, name: str, **where: object) -> np.ndarray:
        """An array of the experiment, of the shown type."""
        found = name.format(**{"type": self.kind, **where})
        return self.shown.desk.cache.cached(self.shown.desk.session, self.shown.experiment.id, found)

    def metric(self, name: str, code: str) -> np.ndarray:
        """[conditions, levels or layers]."""
        if name in LEVEL_METRICS:
            found: np.ndarray = self.array(contract.LEVELS, language=code)[:, LEVEL_METRICS.index(name)]
        else:
            found = self.array(contract.LAYERS, language=code)[:, LAYER_METRICS.index(name)]
        return found

    @property
    def draws(self) -> slice:
        """The random draws among the conditions."""
        return slice(2, 2 + self.result.draws)

    @property
    def pairs(self) -> str:
        """How many pairs were read, in words."""
        counts = sorted({one.pairs for one in self.result.brief})
        return f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]}–{counts[-1]}"
