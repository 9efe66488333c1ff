"""The map as JSON: cards, coordinates, points and selections."""

import numpy as np
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import Field

from app.contracts import arrays as names
from app.contracts.base import Contract
from app.db.arrays import ArrayStore
from app.db.runs import FinishedRun, finished_run
from app.maps.answers import (
    Coordinates,
    MapAnswer,
    MapsAnswer,
    OverlayAnswer,
    OverlayPlaces,
    PointAnswer,
    SelectionAnswer,
    SentenceAnswer,
)
from app.maps.deps import Asked, OpenMaps
from app.maps.drawing import queue_map
from app.maps.overlay import Choice
from app.maps.service import PointRow, point_detail, selected_rows, selection
from app.maps.units import in_units
from app.maps.view import MapQuery, Maps, MapView, check_point
from app.web.deps import Db, Queue
from app.web.tabular import csv_pieces

router = APIRouter(prefix="/runs/{run_id}/map", tags=["maps"])


@router.get("", name="api:maps")
def maps_of_run(run_id: str, session: Db, maps: OpenMaps) -> MapsAnswer:
    """Every map of the run: method, parameters, seed, bounds, trustworthiness, where its points are, its overlays."""
    run = finished_run(session, run_id)
    counts = np.bincount(maps.array(run, names.MAP_LANGUAGE), minlength=len(run.languages)).tolist()
    store = ArrayStore(session)

    def address(file: str, name: str) -> str:
        entry = store.entry(run.owner, name)
        return f"/runs/{run_id}/map/{file}?v={entry.hash[:12] if entry else ''}"

    found = {}
    for method, card in run.summary.maps.items():
        levels = maps.levels(run, method)
        hashes = maps.hashes(run, method, levels)
        found[method] = MapAnswer(
            card=card,
            levels=levels,
            languages=run.spec.all_languages,
            counts=counts,
            points={
                level: f"/runs/{run_id}/map/{method}/{level}.i16?v={version}"
                for level, version in zip(levels, hashes, strict=True)
            },
            language=address("language.u8", names.MAP_LANGUAGE),
            group=address("group.i32", names.MAP_GROUP),
        )
    return MapsAnswer(maps=found, overlays=tuple(_overlay(maps, run, choice) for choice in maps.choices(run)))


def _overlay(maps: Maps, run: FinishedRun, choice: Choice) -> OverlayAnswer:
    base = f"/runs/{run.id}/map/overlay/{choice.key}"
    return OverlayAnswer(
        overlay=choice.key,
        experiment=choice.experiment,
        name=choice.name,
        method=choice.method,
        language=choice.language.code,
        type=choice.type,
        neurons=choice.neurons,
        points={level: f"{base}/{level}.i16" for level in maps.levels(run, choice.method)},
        point=f"{base}/points.i32",
    )


class MapRequest(Contract):
    """A map to draw: a projection the workers offer, and its parameters."""

    method: str
    params: dict[str, str | int | float] = Field(default_factory=dict)


class MapQueued(Contract):
    """The job that draws the map."""

    job: str


@router.post("", name="api:draw_map", status_code=202)
def draw_map(run_id: str, asked: MapRequest, session: Db, queue: Queue) -> MapQueued:
    """Queue one more map of the run."""
    params = {name: str(value) for name, value in asked.params.items()}
    return MapQueued(job=queue_map(session, queue, run_id, asked.method, params))


@router.get("/point/{point}", name="api:map_point")
def point_of_map(run_id: str, point: int, query: Asked, session: Db, maps: OpenMaps) -> PointAnswer:
    """One point: its sentence, translations and nearest neighbours."""
    view = maps.open(run_id, query)
    check_point(point, view.card.points)
    detail = point_detail(session, maps, view, point)
    return PointAnswer(
        method=view.method,
        level=view.level,
        sentence=_sentence(detail.row),
        moved=view.overlay.moved(point) if view.overlay else None,
        translations=tuple(_sentence(row) for row in detail.translations),
        neighbours=tuple(_sentence(row) for row in detail.neighbours),
    )


@router.get("/selection", name="api:map_selection")
def selection_of_map(run_id: str, query: Asked, session: Db, maps: OpenMaps) -> SelectionAnswer:
    """Every point that the lasso `sel` holds; none without a lasso."""
    view = maps.open(run_id, query)
    found = selection(session, maps, view)
    if found is None:
        return SelectionAnswer(points=0, total=view.card.points, languages={}, rows=())
    return SelectionAnswer(
        points=found.points,
        total=found.total,
        languages={one.language.code: one.selected for one in found.counts},
        rows=tuple(_sentence(row) for row in selected_rows(session, maps, view)),
    )


@router.get("/overlay/{overlay}/{level}", name="api:map_overlay")
def overlay_places(run_id: str, overlay: str, level: int, session: Db, maps: OpenMaps) -> OverlayPlaces:
    """Where sentences lie at a level as they are and with neurons switched off, in the units of the projection."""
    found = maps.overlay(run_id, overlay, level)
    sentence = maps.array(finished_run(session, run_id), names.MAP_SENTENCE)
    return OverlayPlaces(
        overlay=overlay,
        level=level,
        bounds=found.bounds,
        outside=found.outside,
        read=found.read,
        point=tuple(found.points.tolist()),
        sentence=tuple(sentence[found.points].tolist()),
        x=tuple(found.before[:, 0].tolist()),
        y=tuple(found.before[:, 1].tolist()),
        x_zeroed=tuple(found.places[:, 0].tolist()),
        y_zeroed=tuple(found.places[:, 1].tolist()),
    )


@router.get(
    "/{method}/{level}.csv",
    name="api:map_csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def coordinates_csv(run_id: str, method: str, level: int, maps: OpenMaps) -> StreamingResponse:
    """Coordinates of one level as CSV."""
    found = _coordinates(maps, maps.open(run_id, MapQuery(method=method, level=level)))
    rows = zip(found.sentence, found.language, found.group, found.x, found.y, strict=True)
    name = f"{run_id}-map-{method}-level{level}.csv"
    return StreamingResponse(
        csv_pieces(("sentence", "language", "group", "x", "y"), rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/{method}/{level}", name="api:map_level")
def coordinates(run_id: str, method: str, level: int, maps: OpenMaps) -> Coordinates:
    """Coordinates of one level in the units of the projection."""
    return _coordinates(maps, maps.open(run_id, MapQuery(method=method, level=level)))


def _coordinates(maps: Maps, view: MapView) -> Coordinates:
    points = in_units(maps.points(view.run, view.method, view.level), view.card.bounds)
    codes = view.run.spec.all_languages
    return Coordinates(
        method=view.method,
        level=view.level,
        bounds=view.card.bounds,
        sentence=tuple(maps.array(view.run, names.MAP_SENTENCE).tolist()),
        language=tuple(codes[k] for k in maps.array(view.run, names.MAP_LANGUAGE)),
        group=tuple(maps.array(view.run, names.MAP_GROUP).tolist()),
        x=tuple(points[:, 0].tolist()),
        y=tuple(points[:, 1].tolist()),
    )


def _sentence(row: PointRow) -> SentenceAnswer:
    return SentenceAnswer(
        point=row.point, language=row.language.code, text=row.text, source=row.source, distance=row.distance
    )
