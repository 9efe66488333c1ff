"""What a map can show hollow over its points: sentences of a geometry experiment with neurons switched off."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts import geometry as contract
from app.contracts.geometry import GeometryResult, GeometrySpec
from app.contracts.interventions import POSITION_WORDS
from app.contracts.results import MapCard
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun
from app.db.tables import Experiment
from app.errors import Conflict, NotFound
from app.maps.units import Bounds, in_steps, in_units, outside
from app.text.languages import Language
from app.text.plural import counted
from app.web.cache import ArrayCache

SAME = 0.25  # of their spread: how far unchanged states read again may lie from where the map has them
LEAST_SPREAD = 0.01  # of the box's longer side: points closer than this tell nothing


@dataclass(frozen=True)
class Choice:
    """An overlay there is: a language's own neurons of one type, switched off in an experiment."""

    key: str  # in addresses
    experiment: str
    name: str  # of the experiment
    method: str  # of the map its places are on
    language: Language
    index: int  # of the language in the run, the pivot being 0
    type: int
    neurons: int
    zeroed_at: str

    @property
    def words(self) -> str:
        """What is switched off, without the language."""
        return f"Type-{self.type}, {counted(self.neurons, 'neuron')}"


@dataclass(frozen=True)
class Overlay:
    """The overlay at one level. Rows in the map's random order, so that any prefix is a fair sample."""

    choice: Choice
    points: np.ndarray  # int32 [n] which point of the map each sentence is
    before: np.ndarray  # float [n, 2] where it lies as it is, in the units of the projection
    places: np.ndarray  # float [n, 2] where it lies with the neurons switched off
    bounds: Bounds
    read: int  # sentences of the experiment; more than n where the map holds a sample of the run's
    version: str

    @property
    def steps(self) -> np.ndarray:
        """Int16 [n, 2]; what lies outside the map's box comes to its edge."""
        return in_steps(self.places, self.bounds)

    @property
    def outside(self) -> int:
        """How many lie outside the map's box."""
        return outside(self.places, self.bounds)

    def moved(self, point: int) -> float | None:
        """How far a point of the map goes, over the box's longer side; None if the experiment did not read it."""
        row = int(np.searchsorted(self.points, point))
        if row == len(self.points) or self.points[row] != point:
            return None
        return float(np.linalg.norm(self.places[row] - self.before[row])) / _longer_side(self.bounds)


class Overlays:
    """The overlays of finished runs, read through the cache of arrays."""

    def __init__(self, session: Session, cache: ArrayCache) -> None:
        self._session = session
        self._cache = cache

    def choices(self, run: FinishedRun, experiment: str | None = None) -> tuple[Choice, ...]:
        """Every overlay of the run's maps, or those of one experiment, newest experiment first."""
        wanted = select(Experiment).where(
            Experiment.run_id == run.id, Experiment.kind == "geometry", Experiment.status == "complete"
        )
        if experiment is not None:
            wanted = wanted.where(Experiment.id == experiment)
        rows = self._session.scalars(wanted.order_by(Experiment.created.desc(), Experiment.id))
        return tuple(choice for row in rows for choice in _choices(run, row))

    def find(self, run: FinishedRun, key: str) -> Choice:
        """The overlay of that name. Raises NotFound."""
        for choice in self.choices(run, key.partition(".")[0]):
            if choice.key == key:
                return choice
        raise NotFound(
            f"This run has no overlay “{key[:60]}”. Its experiment may have been deleted, or took no map; the map's "
            "page lists the overlays there are."
        )

    def at(self, run: FinishedRun, card: MapCard, choice: Choice, level: int) -> Overlay:
        """The overlay at a level of its map. Raises Conflict where the map was drawn anew since."""
        points, rows = self._on_map(run, choice)
        after, before = (
            name.format(type=choice.type, language=choice.language.code)
            for name in (contract.MAP_AFTER, contract.MAP_BEFORE)
        )
        unchanged = self._cache.cached(self._session, choice.experiment, before)[level][rows]
        drawn = self._cache.cached(self._session, run.owner, names.MAP_POINTS.format(method=card.method, level=level))
        _check_same_map(choice, unchanged, in_units(drawn[points], card.bounds), card)
        places = self._cache.cached(self._session, choice.experiment, after)
        version = self._version(card, choice)
        return Overlay(choice, points, unchanged, places[level][rows], card.bounds, len(places[level]), version)

    def _on_map(self, run: FinishedRun, choice: Choice) -> tuple[np.ndarray, np.ndarray]:
        """The points of the map that the experiment read, ascending, and their rows in its arrays."""
        read = self._cache.cached(
            self._session, choice.experiment, contract.SENTENCES.format(language=choice.language.code)
        )
        own = np.flatnonzero(self._cache.cached(self._session, run.owner, names.MAP_LANGUAGE) == choice.index)
        ids = self._cache.cached(self._session, run.owner, names.MAP_SENTENCE)[own]
        own, ids = own[np.argsort(ids)], np.sort(ids)
        at = np.searchsorted(ids, read)
        rows = np.flatnonzero(np.append(ids, -1)[at] == read)
        points = own[at[rows]].astype("<i4")
        order = np.argsort(points, kind="stable")
        return points[order], rows[order]

    def _version(self, card: MapCard, choice: Choice) -> str:
        """Changes with the places and with the box."""
        name = contract.MAP_AFTER.format(type=choice.type, language=choice.language.code)
        entry = ArrayStore(self._session).entry(choice.experiment, name)
        return hashlib.sha256(f"{entry.hash if entry else ''} {card.bounds}".encode()).hexdigest()


def by_experiment(choices: Sequence[Choice]) -> list[tuple[str, list[Choice]]]:
    """The choices of each experiment under its name, to which its id is added where another has the same."""
    groups = [list(found) for _, found in groupby(choices, lambda choice: choice.experiment)]
    named = Counter(group[0].name for group in groups)
    return [
        (group[0].name if named[group[0].name] == 1 else f"{group[0].name} ({group[0].experiment})", group)
        for group in groups
    ]


def _choices(run: FinishedRun, row: Experiment) -> list[Choice]:
    """The overlays of one experiment; none where its map is not there."""
    if row.result is None:
        return []
    result, spec = GeometryResult.model_validate(row.result), GeometrySpec.model_validate(row.spec)
    if result.mapped is None or result.mapped not in run.summary.maps:
        return []
    codes = run.spec.all_languages
    return [
        Choice(
            key=contract.ON_MAP.format(experiment=row.id, language=one.language, type=one.type),
            experiment=row.id,
            name=row.name,
            method=result.mapped,
            language=run.languages[codes.index(one.language)],
            index=codes.index(one.language),
            type=one.type,
            neurons=one.neurons,
            zeroed_at=POSITION_WORDS[spec.positions],
        )
        for one in result.brief
    ]


def _check_same_map(choice: Choice, unchanged: np.ndarray, drawn: np.ndarray, card: MapCard) -> None:
    """The experiment's own unchanged states must lie where the map has them; else its axes are no longer the map's."""
    if not len(drawn):
        return
    far = float(np.median(np.linalg.norm(unchanged - drawn, axis=1)))
    spread = float(np.median(np.linalg.norm(drawn - np.median(drawn, axis=0), axis=1)))
    if far > SAME * max(spread, LEAST_SPREAD * _longer_side(card.bounds)):
        raise Conflict(
            f"The {card.title} map was drawn anew since “{choice.name}” put its places on it, so they no longer belong "
            "together. Replay the experiment to see its overlay on this map."
        )


def _longer_side(bounds: Bounds) -> float:
    x0, y0, x1, y1 = bounds
    return max(x1 - x0, y1 - y0)
