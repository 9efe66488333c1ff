"""Which map an address asks for: method, level, colour, highlights, selection, overlay and focused point, checked."""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.results import MapCard
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.errors import BadInput, NotFound
from app.maps.categories import Colour, Legend, legend
from app.maps.lasso import Lasso, inside
from app.maps.overlay import Choice, Overlay, Overlays
from app.web.cache import ArrayCache


class MapQuery(BaseModel):
    """The state of the map in its address; what is left out has its default."""

    method: str | None = None
    level: int | None = None
    colour: Colour = "language"
    hl: str | None = None
    sel: str | None = None
    overlay: str | None = None
    point: int | None = None
    page: int = 1


@dataclass(frozen=True)
class MapView:
    """A map of a finished run, every choice made."""

    run: FinishedRun
    card: MapCard
    method: str
    level: int
    levels: tuple[int, ...]
    legend: Legend
    lasso: Lasso | None
    overlay: Overlay | None
    query: MapQuery

    @property
    def parameters(self) -> str:
        """The card's parameters in one line."""
        return ", ".join(f"{name} = {value}" for name, value in self.card.params.items() if name != "seed")


class Maps:
    """The maps of finished runs, read through the cache of arrays."""

    def __init__(self, session: Session, cache: ArrayCache) -> None:
        self._session = session
        self._cache = cache
        self._overlays = Overlays(session, cache)

    def open(self, run_id: str, query: MapQuery) -> MapView:
        """The view that a query asks for.

        Raises NotFound for a run, method, level, overlay or point that is not there, Conflict for an unfinished run or
        an overlay of an earlier map, BadInput for a damaged selection, an unknown highlight or another map's overlay.
        """
        run = finished_run(self._session, run_id)
        choice = self._overlays.find(run, query.overlay) if query.overlay else None
        card = find_card(run, query.method or (choice.method if choice else None))
        levels = self.levels(run, card.method)
        level = query.level if query.level is not None else levels[len(levels) // 2]
        check_level(level, levels)
        counts = np.bincount(self.array(run, names.MAP_LANGUAGE), minlength=len(run.languages))
        keys = legend(run.languages, counts.tolist(), query.colour, query.hl)
        lasso = Lasso.parse(query.sel) if query.sel else None
        if lasso is not None:
            check_level(lasso.level, self.levels(run, find_card(run, lasso.method).method))
        if query.point is not None:
            check_point(query.point, card.points)
        overlay = self._overlay(run, card, choice, level) if choice else None
        return MapView(run, card, card.method, level, levels, keys, lasso, overlay, query)

    def _overlay(self, run: FinishedRun, card: MapCard, choice: Choice, level: int) -> Overlay:
        if choice.method != card.method:
            raise BadInput(
                f"The places of “{choice.name}” are on the map “{choice.method}”, not on “{card.method}”. Choose that "
                "projection, or no overlay."
            )
        return self._overlays.at(run, card, choice, level)

    def choices(self, run: FinishedRun) -> tuple[Choice, ...]:
        """Every overlay of the run's maps, newest experiment first."""
        return self._overlays.choices(run)

    def overlay(self, run_id: str, key: str, level: int | None = None) -> Overlay:
        """One overlay of the run at a level. Raises as `open` does."""
        found = self.open(run_id, MapQuery(overlay=key, level=level)).overlay
        assert found is not None
        return found

    def array(self, run: FinishedRun, name: str) -> np.ndarray:
        """An array of the run, read-only. Raises NotFound."""
        return self._cache.cached(self._session, run.owner, name)

    def points(self, run: FinishedRun, method: str, level: int) -> np.ndarray:
        """Int16 [N, 2]. Raises NotFound with the levels that are stored."""
        check_level(level, self.levels(run, find_card(run, method).method))
        return self.array(run, names.MAP_POINTS.format(method=method, level=level))

    def levels(self, run: FinishedRun, method: str) -> tuple[int, ...]:
        """The levels that are stored for a method, ascending. Raises NotFound when there is none."""
        prefix = names.MAP_POINTS.format(method=method, level="")
        stored = ArrayStore(self._session).names(run.owner, prefix)
        found = sorted(int(name.removeprefix(prefix)) for name in stored)
        if not found:
            raise NotFound(f"No level of the map “{method}” is stored in this run. Run its projection again.")
        return tuple(found)

    def hashes(self, run: FinishedRun, method: str, levels: tuple[int, ...]) -> tuple[str, ...]:
        """Twelve digits of the content hash of each level's points; they version the addresses."""
        store = ArrayStore(self._session)
        entries = (store.entry(run.owner, names.MAP_POINTS.format(method=method, level=level)) for level in levels)
        return tuple(entry.hash[:12] if entry is not None else "" for entry in entries)

    def selected(self, view: MapView) -> np.ndarray | None:
        """Which points the lasso holds that are not greyed out: bool [N]; None without a lasso."""
        if view.lasso is None:
            return None
        points = self.points(view.run, view.lasso.method, view.lasso.level)
        shown = view.legend.shown(self.array(view.run, names.MAP_LANGUAGE))
        return shown & inside(points, view.lasso.corners)


def find_card(run: FinishedRun, method: str | None) -> MapCard:
    """The card of the method, or of the run's first. Raises NotFound naming the methods there are."""
    maps = run.summary.maps
    if not maps:
        raise NotFound("This run has no map. Ask for a projection on its overview page.")
    if method is None:
        return next(iter(maps.values()))
    if method not in maps:
        raise NotFound(f"This run has no map “{method[:40]}”. It has: {', '.join(maps)}.")
    return maps[method]


def check_level(level: int, levels: tuple[int, ...]) -> None:
    """Raises NotFound naming the stored levels when `level` is not among them."""
    if level not in levels:
        raise NotFound(f"Level {level} is not stored in this run. Stored: {ranges(levels)}.")


def check_point(point: int, points: int) -> None:
    """Raises NotFound for a number that is no point of the map."""
    if not 0 <= point < points:
        raise NotFound(f"Point {point} is not on this map. It has points 0–{points - 1}.")


def ranges(numbers: tuple[int, ...]) -> str:
    """Ascending whole numbers in short: 0–4, 7, 9–10."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts)
