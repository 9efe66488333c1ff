"""What the figures are drawn from: a finished run, its layer metrics and its best neurons."""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.db.runs import FinishedRun, finished_run
from app.errors import BadInput, NotFound
from app.figures.scale import whole
from app.figures.style import Label, labels
from app.web.cache import ArrayCache

DEFAULT_SHARE = 0.002  # of all neurons: what the paper ablates
CHOICES = (10, 100, 1000)


class FigureQuery(BaseModel):
    """The state of the figures in their address; what is left out has its default."""

    hl: str | None = None
    top: int | None = Field(None, ge=1)
    level: int | None = None


@dataclass(frozen=True)
class Source:
    """A finished run with the choices of an address, reading arrays through the cache."""

    session: Session
    cache: ArrayCache
    run: FinishedRun
    query: FigureQuery

    @classmethod
    def open(cls, session: Session, cache: ArrayCache, run_id: str, query: FigureQuery) -> "Source":
        """Raises NotFound or Conflict for the run, BadInput for a language or level that it does not have."""
        source = cls(session, cache, finished_run(session, run_id), query)
        codes = source.run.spec.all_languages
        unknown = [code for code in source.highlighted or () if code not in codes]
        if unknown:
            raise BadInput(f"“{unknown[0][:40]}” is no language of this run. It has: {', '.join(codes)}.")
        if query.level is not None and not 0 <= query.level < source.levels:
            raise NotFound(f"Level {query.level} is not stored in this run. Stored: 0–{source.levels - 1}.")
        return source

    @property
    def highlighted(self) -> tuple[str, ...] | None:
        """The languages that keep their colour; None for all."""
        return None if self.query.hl is None else tuple(part for part in self.query.hl.split(".") if part)

    @property
    def levels(self) -> int:
        """One more than layers."""
        return self.run.summary.layers + 1

    @property
    def labels(self) -> tuple[Label, ...]:
        """Pivot first; languages that are not highlighted are grey."""
        lit = self.highlighted
        return tuple(
            label if lit is None or label.code in lit else Label(label.code, label.endonym, label.script, label.index,
                                                                 "lang-other")
            for label in labels(self.run.languages)
        )  # fmt: skip

    def array(self, name: str) -> np.ndarray:
        """An array of the run, read-only. Raises NotFound."""
        return self.cache.cached(self.session, self.run.owner, name)

    def metric(self, metric: str, language: str) -> np.ndarray:
        """A layer metric of a language [levels]; nan where the run has none."""
        try:
            return self.array(names.LAYER_METRIC.format(metric=metric, language=language))
        except NotFound:
            return np.full(self.levels, np.nan, np.float32)

    @property
    def pairs(self) -> str:
        """How many pairs of translations the languages have, in words."""
        counts = sorted({one.pairs for one in self.run.summary.languages[1:]})
        if not counts:
            return "no translations"
        return (
            f"n\u00a0=\u00a0{whole(counts[0])}"
            if len(counts) == 1
            else f"n\u00a0=\u00a0{whole(counts[0])}–{whole(counts[-1])}"
        )

    # --- the best neurons -------------------------------------------------------------------------------------------

    @property
    def neurons(self) -> int:
        """All neurons of the model."""
        return self.run.summary.layers * self.run.summary.neurons

    @property
    def top(self) -> int:
        """How many of the best neurons are counted."""
        return min(self.query.top or max(1, round(DEFAULT_SHARE * self.neurons)), self.most)

    @property
    def most(self) -> int:
        """As many candidates as the smaller of the two types has."""
        split, layers = self.run.summary.split, self.run.summary.layers
        return max(1, min(split, layers - split) * self.run.summary.neurons)

    @property
    def choices(self) -> tuple[int, ...]:
        """Numbers of neurons to offer, the default left out."""
        default = min(max(1, round(DEFAULT_SHARE * self.neurons)), self.most)
        return tuple(n for n in CHOICES if n <= self.most and n != default)

    def best(self, kind: int, language: str) -> np.ndarray:
        """The `top` candidates of a type with the highest scores, as layer x neurons + index, best first."""
        score = self.array(names.SCORE.format(type=kind, language=language))
        split, width = self.run.summary.split, score.shape[1]
        first, part = (0, score[:split]) if kind == 1 else (split * width, score[split:])
        flat = np.where(np.isfinite(part), part, -np.inf).reshape(-1)
        count = min(self.top, flat.size)
        if count < 1:
            return np.array([], np.int64)
        chosen = np.argpartition(-flat, count - 1)[:count]
        return first + chosen[np.lexsort((chosen, -flat[chosen]))]
