"""What the map's pages show of points: their sentences, translations and neighbours, and the table of a selection."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.db.tables import Sentence
from app.maps.view import Maps, MapView
from app.text.languages import Language

NEIGHBOURS = 6
MOST_TRANSLATIONS = 64
ROWS = 25


@dataclass(frozen=True)
class PointRow:
    """A point and its sentence; `distance` only where the point is a neighbour."""

    point: int
    language: Language
    index: int
    text: str
    source: str
    distance: float | None = None


@dataclass(frozen=True)
class PointDetail:
    """Everything about one point at one level."""

    row: PointRow
    translations: tuple[PointRow, ...]
    neighbours: tuple[PointRow, ...]
    dimensions: int


@dataclass(frozen=True)
class LanguageCount:
    """How many of a language's points are selected."""

    language: Language
    index: int
    selected: int
    total: int


@dataclass(frozen=True)
class Selection:
    """A page of the points in a lasso, and how many of each language there are."""

    points: int
    total: int
    counts: tuple[LanguageCount, ...]
    rows: tuple[PointRow, ...]
    page: int
    pages: int


def point_detail(session: Session, maps: Maps, view: MapView, point: int) -> PointDetail:
    """The point's sentence, its translations, and its nearest neighbours in the states that were projected.

    Neighbours are by Euclidean distance between the principal components of the hidden states at the level, not on the
    map.
    """
    group = maps.array(view.run, names.MAP_GROUP)
    same = np.flatnonzero(group == group[point]) if group[point] >= 0 else np.array([], np.intp)
    translations = [int(n) for n in same if n != point][:MOST_TRANSLATIONS]
    states = maps.array(view.run, names.REDUCED.format(level=view.level))
    near, distances = nearest(states, point, NEIGHBOURS)
    rows = rows_of(session, maps, view, [point, *translations, *near])
    ordered = sorted((rows[n] for n in translations), key=lambda row: row.index)
    neighbours = tuple(replace(rows[n], distance=distance) for n, distance in zip(near, distances, strict=True))
    return PointDetail(rows[point], tuple(ordered), neighbours, states.shape[1])


def nearest(states: np.ndarray, point: int, count: int) -> tuple[list[int], list[float]]:
    """The `count` rows of `states` [N, d] nearest to one of them, itself left out, and their distances."""
    difference = states - states[point]
    squared = np.einsum("nd,nd->n", difference, difference)
    squared[point] = np.inf
    count = min(count, len(states) - 1)
    if count < 1:
        return [], []
    chosen = np.argpartition(squared, count - 1)[:count]
    chosen = chosen[np.lexsort((chosen, squared[chosen]))]
    return chosen.tolist(), np.sqrt(squared[chosen]).tolist()


def rows_of(session: Session, maps: Maps, view: MapView, points: Iterable[int]) -> dict[int, PointRow]:
    """The sentences of points, by point."""
    wanted = list(points)
    language, ids = maps.array(view.run, names.MAP_LANGUAGE), maps.array(view.run, names.MAP_SENTENCE)
    found = session.scalars(select(Sentence).where(Sentence.id.in_({int(ids[n]) for n in wanted})))
    sentences = {sentence.id: sentence for sentence in found}
    rows = {}
    for n in wanted:
        sentence = sentences.get(int(ids[n]))
        k = int(language[n])
        text, source = (sentence.text, sentence.source) if sentence else ("(this sentence was deleted)", "")
        rows[n] = PointRow(n, view.run.languages[k], k, text, source)
    return rows


def selection(session: Session, maps: Maps, view: MapView) -> Selection | None:
    """The page of the selection that the view asks for; None without a lasso."""
    chosen = maps.selected(view)
    if chosen is None:
        return None
    points = np.flatnonzero(chosen)
    pages = max(1, -(-len(points) // ROWS))
    page = min(max(view.query.page, 1), pages)
    language = maps.array(view.run, names.MAP_LANGUAGE)
    part = in_order(points, language)[(page - 1) * ROWS : page * ROWS].tolist()
    rows = rows_of(session, maps, view, part)
    return Selection(
        len(points), len(chosen), _counts(view, language, chosen), tuple(rows[n] for n in part), page, pages
    )


def in_order(points: np.ndarray, language: np.ndarray) -> np.ndarray:
    """Points by language in the run's order, then by number."""
    return points[np.lexsort((points, language[points]))]


def selected_rows(session: Session, maps: Maps, view: MapView) -> Iterable[PointRow]:
    """Every row of the selection, read in pages so that a large one is never in memory at once."""
    chosen = maps.selected(view)
    if chosen is None:
        return
    points = in_order(np.flatnonzero(chosen), maps.array(view.run, names.MAP_LANGUAGE)).tolist()
    for start in range(0, len(points), 500):
        part = points[start : start + 500]
        rows = rows_of(session, maps, view, part)
        yield from (rows[n] for n in part)


def _counts(view: MapView, language: np.ndarray, chosen: np.ndarray) -> tuple[LanguageCount, ...]:
    size = len(view.run.languages)
    all_of, selected = np.bincount(language, minlength=size), np.bincount(language[chosen], minlength=size)
    return tuple(LanguageCount(one, k, int(selected[k]), int(all_of[k])) for k, one in enumerate(view.run.languages))
