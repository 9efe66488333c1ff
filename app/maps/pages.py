"""The map's page, its fragments, and its files."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from app.contracts import arrays as names
from app.db.runs import finished_run
from app.figures.figure import standalone
from app.figures.marks import mark_path
from app.figures.raster import png
from app.figures.strip import strip
from app.figures.style import palette_size
from app.maps.deps import Asked, AskedPicture, OpenMaps
from app.maps.drawing import fields_of, offered_projections, queue_map
from app.maps.files import VERSION, array_file, picture_file, versioned_file
from app.maps.metrics import strip_lines
from app.maps.overlay import by_experiment
from app.maps.picture import caption, level_words, picture
from app.maps.service import point_detail, selected_rows, selection
from app.maps.view import MapQuery, MapView, check_point
from app.web.deps import Db, Page, Queue
from app.web.render import see_other
from app.web.state import query_string
from app.web.tabular import csv_pieces

router = APIRouter(prefix="/runs/{run_id}")


@router.get("/map", name="maps:page")
def page(run_id: str, query: Asked, session: Db, maps: OpenMaps, view: Page) -> HTMLResponse:
    """The map with its slider, legend, selection and focused point."""
    opened = maps.open(run_id, query)
    detail = point_detail(session, maps, opened, query.point) if query.point is not None else None
    lines = strip_lines(maps, opened.run)
    return view.page(
        "maps/page.html",
        state=query,
        map=opened,
        run=opened.run,
        selection=selection(session, maps, opened),
        detail=detail,
        strip=strip(lines),
        lines=lines,
        caption=caption(opened),
        hashes=maps.hashes(opened.run, opened.method, opened.levels),
        palette=palette_size(len(opened.legend.keys)),
        level_words=level_words,
        overlays=by_experiment(maps.choices(opened.run)),
        overlay_version=opened.overlay.version[:VERSION] if opened.overlay else "",
        projections=[(card, fields_of(card)) for card in offered_projections(session)],
        mark=lambda shape: mark_path(shape, 0, 0, 4.4),
        toggled=lambda key: toggled(opened, key),
        query_string=lambda **changes: query_string(query, **changes),
    )


async def form_fields(request: Request) -> dict[str, str]:
    """The text fields of a form whose names a worker decides."""
    async with request.form(max_files=0, max_fields=32) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/map", name="maps:draw")
def draw(
    run_id: str, fields: Annotated[dict[str, str], Depends(form_fields)], session: Db, queue: Queue
) -> RedirectResponse:
    """Queue one more map of the run."""
    job = queue_map(session, queue, run_id, fields.pop("method", ""), fields)
    return see_other(f"/jobs/{job}")


@router.get("/map/caption", name="maps:caption")
def caption_fragment(run_id: str, query: Asked, maps: OpenMaps, view: Page) -> HTMLResponse:
    """The sentences under the map."""
    return view.fragment("maps/_caption.html", caption=caption(maps.open(run_id, query)))


@router.get("/map/point/{point}", name="maps:point")
def point_fragment(run_id: str, point: int, query: Asked, session: Db, maps: OpenMaps, view: Page) -> HTMLResponse:
    """One point: its sentence, translations and neighbours."""
    opened = maps.open(run_id, query)
    check_point(point, opened.card.points)
    detail = point_detail(session, maps, opened, point)
    return view.fragment("maps/_point.html", state=query, map=opened, run=opened.run, detail=detail,
                         query_string=lambda **changes: query_string(query, **changes))  # fmt: skip


@router.get("/map/selection", name="maps:selection")
def selection_fragment(run_id: str, query: Asked, session: Db, maps: OpenMaps, view: Page) -> HTMLResponse:
    """The table of the selected points."""
    opened = maps.open(run_id, query)
    return view.fragment("maps/_selection.html", state=query, map=opened, run=opened.run,
                         selection=selection(session, maps, opened),
                         query_string=lambda **changes: query_string(query, **changes))  # fmt: skip


@router.get("/map/selection.csv", name="maps:selection_csv")
def selection_csv(run_id: str, query: Asked, session: Db, maps: OpenMaps) -> StreamingResponse:
    """Every selected point with its sentence."""
    opened = maps.open(run_id, query)
    # Read before the answer begins: the session is closed while it is sent.
    rows = [(row.point, row.language.code, row.text, row.source) for row in selected_rows(session, maps, opened)]
    pieces = csv_pieces(("point", "language", "text", "source"), rows)
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=_attached(f"{run_id}-selection.csv"))


@router.get("/map/language.u8", name="maps:language")
def language_file(run_id: str, request: Request, session: Db, maps: OpenMaps) -> Response:
    """One byte a point: its language, counting from the pivot."""
    return array_file(request, session, maps, finished_run(session, run_id), names.MAP_LANGUAGE)


@router.get("/map/group.i32", name="maps:group")
def group_file(run_id: str, request: Request, session: Db, maps: OpenMaps) -> Response:
    """Four bytes a point: equal numbers are translations of each other."""
    return array_file(request, session, maps, finished_run(session, run_id), names.MAP_GROUP)


@router.get("/map/{method}/{level}.i16", name="maps:points")
def points_file(run_id: str, method: str, level: int, request: Request, session: Db, maps: OpenMaps) -> Response:
    """X and y of each point as Int16, little-endian, in the map's random order."""
    run = maps.open(run_id, MapQuery(method=method, level=level)).run
    return array_file(request, session, maps, run, names.MAP_POINTS.format(method=method, level=level))


@router.get("/map/overlay/{overlay}/points.i32", name="maps:overlay_points")
def overlay_points_file(run_id: str, overlay: str, request: Request, maps: OpenMaps) -> Response:
    """Four bytes a hollow point: the point of the map it is, ascending."""
    found = maps.overlay(run_id, overlay)
    return versioned_file(request, found.version, lambda: found.points)


@router.get("/map/overlay/{overlay}/{level}.i16", name="maps:overlay")
def overlay_file(run_id: str, overlay: str, level: int, request: Request, maps: OpenMaps) -> Response:
    """X and y of each hollow point as Int16, little-endian; what lies outside the map's box is at its edge."""
    found = maps.overlay(run_id, overlay, level)
    return versioned_file(request, found.version, lambda: found.steps)


@router.get("/map.svg", name="maps:svg")
def svg_file(run_id: str, query: AskedPicture, request: Request, maps: OpenMaps) -> Response:
    """The map as an SVG file, with its caption."""
    opened = maps.open(run_id, query)
    drawn = standalone(picture(maps, opened), query.theme).encode()
    return picture_file(request, drawn, "image/svg+xml", _file_name(opened, "svg"))


@router.get("/map.png", name="maps:png")
def png_file(run_id: str, query: AskedPicture, request: Request, maps: OpenMaps) -> Response:
    """The map as a PNG file of about 300 dpi, with its caption."""
    opened = maps.open(run_id, query)
    drawn = png(standalone(picture(maps, opened), query.theme))
    return picture_file(request, drawn, "image/png", _file_name(opened, "png"))


def toggled(view: MapView, key: str) -> str | None:
    """The `hl` of the address after the entry `key` is switched; None once all are lit."""
    lit = [entry.key for entry in view.legend.keys if entry.drawn.shown != (entry.key == key)]
    return None if len(lit) == len(view.legend.keys) else ".".join(lit)


def _file_name(view: MapView, ending: str) -> str:
    return f"{view.run.id}-map-{view.method}-level{view.level}.{ending}"


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
