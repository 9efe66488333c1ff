"""The map as a figure: what is drawn, and the caption that says how it was made."""

import numpy as np

from app.contracts import arrays as names
from app.figures.figure import Figure, Table
from app.figures.rings import Rings
from app.figures.scale import significant, whole
from app.figures.scatter import MOST_POINTS, Cloud, scatter_panel
from app.maps.overlay import Overlay
from app.maps.units import in_units
from app.maps.view import Maps, MapView
from app.text.plural import plural

READ_AT = {"mean": "mean over the tokens", "last": "last token", "last_content": "last token that is not punctuation"}


def level_words(level: int) -> str:
    """What a level is."""
    return "embeddings" if level == 0 else f"output of layer {level - 1}"


def trust_words(view: MapView) -> str:
    """The trustworthiness of the shown level's projection in words."""
    known = view.card.trustworthiness
    return significant(known[view.level]) if view.level < len(known) else "not measured"


def _distances(view: MapView) -> str:
    """How far distances can be trusted: the variance that a linear map shows; none between clusters of any other."""
    shares = view.card.explained
    if view.level < len(shares) and np.isfinite(shares[view.level]):
        share = f"{100 * shares[view.level]:.0f} %"
        return f"The two axes carry {share} of the variance of the leading components (at most 50)."
    return f"Distances between clusters in {view.card.title} are not meaningful; use the strip."


def caption(view: MapView) -> str:
    """Everything a reader needs to judge the map, in sentences."""
    card, run = view.card, view.run
    parameters = f" ({view.parameters})" if view.parameters else ""
    parts = [
        f"{card.title}{parameters}, seed {card.seed}, of hidden states at level {view.level} "
        f"({level_words(view.level)}) of {run.model.name}.",
        f"n\u00a0=\u00a0{whole(card.points)} {plural(card.points, 'sentence')} "
        f"of {len(run.languages)} languages from {run.corpus.name}; "
        f"{READ_AT[run.spec.settings.position]} of each sentence.",
        f"Axes are the same at all levels. Trustworthiness {trust_words(view)}.",
    ]
    if card.points > MOST_POINTS:
        parts.append(f"Drawn: the first {whole(MOST_POINTS)} points in random order.")
    if view.lasso is not None and (view.lasso.method, view.lasso.level) != (view.method, view.level):
        parts.append(f"The selection was drawn on {view.lasso.method} at level {view.lasso.level}.")
    if view.overlay is not None:
        parts.append(overlay_words(view.overlay))
    parts.append(_distances(view))
    return " ".join(parts)


def overlay_words(overlay: Overlay) -> str:
    """What is drawn hollow, of how many sentences, and how many could not be drawn where they lie."""
    choice, shown = overlay.choice, len(overlay.points)
    some = f" (of {whole(overlay.read)}; the map holds a sample)" if overlay.read > shown else ""
    words = (
        f"Hollow: {whole(shown)}{some} sentences of {choice.language.name} with neurons of their language switched "
        f"off ({choice.words}; zeroed at {choice.zeroed_at}), projected by the same axes; filled: the same sentences "
        f"as they are. Experiment: {choice.name}."
    )
    beyond = overlay.outside
    lie = "lies" if beyond == 1 else "lie"
    return f"{words} {whole(beyond)} of them {lie} outside the map's box, drawn at its edge." if beyond else words


def picture(maps: Maps, view: MapView) -> Figure:
    """The map with legend, names, selection and caption."""
    points = maps.points(view.run, view.method, view.level)
    language = maps.array(view.run, names.MAP_LANGUAGE)
    chosen = maps.selected(view)
    here = view.lasso is not None and (view.lasso.method, view.lasso.level) == (view.method, view.level)
    corners = in_units(np.array(view.lasso.corners), view.card.bounds).tolist() if here and view.lasso else []
    cloud = Cloud(
        in_units(points, view.card.bounds), view.legend.category(language), chosen,
        [(x, y) for x, y in corners], view.card.bounds, _rings(view),
    )  # fmt: skip
    title = f"{view.run.model.name}: level {view.level}, {level_words(view.level)}"
    panel = scatter_panel(cloud, [key.drawn for key in view.legend.keys], view.card.title)
    return Figure("map", title, caption(view), (panel,), 1, Table((), ()), len(view.legend.keys))


def _rings(view: MapView) -> Rings | None:
    overlay = view.overlay
    if overlay is None:
        return None
    drawn, entry = in_units(overlay.steps, overlay.bounds), view.legend.of_language[overlay.choice.index]
    return Rings(overlay.points, drawn, entry, (f"{overlay.choice.language.code} switched off:", overlay.choice.words))
