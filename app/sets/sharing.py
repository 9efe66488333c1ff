"""A neuron set frozen for a share link."""

from app.db.provenance import model_provenance
from app.db.sets import find_set
from app.figures.card import Card, drawing_card
from app.figures.figure import inline
from app.sets.drawings import Part, layer_bars
from app.sets.overlaps import other_sets
from app.sets.view import SetQuery, origin_words, set_view
from app.text.plural import counted
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import csv_text


def share_set(place: Place) -> SharedView:
    """Layers, languages, overlaps and all neurons. Raises NotFound."""
    found = find_set(place.session, place.parameters["set_id"])
    query = place.asked(SetQuery)
    shown = set_view(place.session, place.cache, found, query)
    panel = layer_bars([Part("neurons", shown.per_layer, "one")])
    origin = "".join(words for words, _ in origin_words(place.session, found))
    overlaps, _ = other_sets(place.session, found)
    came = model_provenance(found.model, made=found.row.created)
    many = f"{counted(found.row.size, 'neuron')} of {found.model.name}"
    return SharedView(
        kind="set",
        address=f"/sets/{found.id}{query_string(query)}",
        title=found.title,
        summary=f"{many}. {origin}.",
        body=place.render(
            "sets/_shared.html", found=found, view=shown, overlaps=overlaps, drawing=inline(panel), origin=origin
        ),
        data={
            "name": found.row.name, "version": found.row.version, "content_hash": found.row.content_hash,
            "origin": found.row.origin, "shape": {"layers": found.row.layers, "neurons": found.row.neurons},
            "neurons": found.neurons.tolist(),
        },
        table=csv_text(("layer", "neuron"), found.neurons.tolist()),
        provenance=came.model_copy(update={"more": {"Set": found.id, "Content": found.row.content_hash}}),
        preview=drawing_card(Card(found.title, f"{many} · {origin}", came.model_at), (panel,)),
        styles=("sets.css",),
        texts=(f"the name of the set, “{found.row.name}”",
               *([f"what {counted(len(overlaps), 'other set is', 'other sets are')} called"] if overlaps else [])),
    )  # fmt: skip


SHARERS = (Sharer("set", pattern("/sets/(?P<set_id>[a-z0-9]{12})"), share_set),)
