"""The map at its present level, with its lasso, frozen for a share link."""

import numpy as np

from app.contracts import arrays as names
from app.db.provenance import run_provenance
from app.figures.card import Card, drawing_card
from app.figures.figure import inline
from app.figures.style import palette_size
from app.maps.picture import level_words, picture
from app.maps.service import selection
from app.maps.units import in_units
from app.maps.view import MapQuery, Maps, MapView
from app.text.plural import counted
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import Cell, csv_text


def share_map(place: Place) -> SharedView:
    """The server's picture of the map, and the page of the selection that the address names. Raises as the map does."""
    maps = Maps(place.session, place.cache)
    query = place.asked(MapQuery).model_copy(update={"point": None})
    opened = maps.open(place.parameters["run_id"], query)
    run, drawn, chosen = opened.run, picture(maps, opened), selection(place.session, maps, opened)
    found = run_provenance(run)
    words = f"{opened.card.title} · level {opened.level} ({level_words(opened.level)}) · {run.corpus.name}"
    header, rows = _points(maps, opened)
    texts = [f"the names of the run (“{run.name}”) and of its corpus (“{run.corpus.name}”)"]
    if chosen is not None and chosen.rows:
        texts.append(f"{counted(len(chosen.rows), 'sentence')} of the corpus, inside the lasso")
    return SharedView(
        kind="map",
        address=f"/runs/{run.id}/map{query_string(query)}",
        title=f"{run.name}: level {opened.level}, {level_words(opened.level)}",
        summary=drawn.caption,
        body=place.render(
            "maps/_shared.html", run=run, map=opened, drawn=drawn, inline=inline, selection=chosen,
            palette=palette_size(len(opened.legend.keys)),
        ),
        data={
            "run": {"id": run.id, "name": run.name}, "map": opened.card.model_dump(mode="json"), "level": opened.level,
            "caption": drawn.caption, "overlay": opened.query.overlay,
            "points": dict(zip(header, map(list, zip(*rows, strict=True)), strict=True)),
        },
        table=csv_text(header, rows),
        provenance=found.model_copy(update={"seed": opened.card.seed}),
        preview=drawing_card(Card(run.name, words, found.model_at, len(opened.legend.keys)), drawn.panels),
        styles=("map.css",),
        texts=tuple(texts),
    )  # fmt: skip


def _points(maps: Maps, view: MapView) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Number, language, group, place and selection of every point; with an overlay where it lies in that, too."""
    points = in_units(maps.points(view.run, view.method, view.level), view.card.bounds).tolist()
    codes = view.run.spec.all_languages
    language = [codes[k] for k in maps.array(view.run, names.MAP_LANGUAGE)]
    group = maps.array(view.run, names.MAP_GROUP).tolist()
    chosen = maps.selected(view)
    selected = np.zeros(len(points), bool) if chosen is None else chosen
    rows: list[tuple[Cell, ...]] = [
        (n, language[n], group[n], round(x, 4), round(y, 4), int(selected[n])) for n, (x, y) in enumerate(points)
    ]
    header: tuple[str, ...] = ("point", "language", "group", "x", "y", "selected")
    if view.overlay is None:
        return header, rows
    zeroed = dict(zip(view.overlay.points.tolist(), np.round(view.overlay.places, 4).tolist(), strict=True))
    rows = [(*row, *zeroed.get(n, (None, None))) for n, row in enumerate(rows)]
    return (*header, "x_zeroed", "y_zeroed"), rows


SHARERS = (Sharer("map", pattern("{run}/map"), share_map),)
