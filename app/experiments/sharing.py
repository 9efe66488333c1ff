"""The answer of an experiment frozen for a share link."""

from app.db.provenance import model_provenance, run_provenance
from app.db.runs import finished_run
from app.errors import Conflict
from app.experiments.forms import read_form
from app.experiments.kind import Desk, Shown
from app.experiments.kinds import BY_NAME
from app.experiments.service import find_experiment, kind_named
from app.figures.card import Card, drawing_card, table_card
from app.figures.figure import inline
from app.web.formatting import significant
from app.web.sharing import Place, SharedView, Sharer, pattern
from app.web.state import query_string
from app.web.tabular import Cell, csv_text

CARD_COLUMNS = 5


def share_experiment(place: Place) -> SharedView:
    """Figures, tables and numbers of an answer. Raises NotFound, Conflict for an experiment without one."""
    desk = Desk(place.session, place.cache)
    found = find_experiment(place.session, place.parameters["experiment_id"])
    row, kind = found.row, kind_named(BY_NAME, found.row.kind)
    if row.result is None:
        raise Conflict(f"“{row.name}” is {row.status} and has no result yet. Share it once it has.")
    state, _ = read_form(kind.state, place.query)
    shown = Shown(desk, found, state)
    figures = kind.figures(shown)
    header, rows = kind.table(shown)
    cells = [tuple(cells) for cells in rows]
    came = model_provenance(found.model, made=row.finished)
    if found.run is not None and found.run.summary is not None:
        came = run_provenance(finished_run(place.session, found.run.id)).model_copy(update={"made": row.finished})
    card = Card(row.name, f"{kind.title} · {found.model.name}", came.model_at, figures[0].languages if figures else 1)
    drawn = figures[0].panels[: max(1, figures[0].columns)] if figures else ()
    return SharedView(
        kind="experiment",
        address=f"/experiments/{row.id}{query_string(state)}",
        title=row.name[:300],
        summary=f"{kind.title} of {found.model.name}. {kind.question}",
        body=place.render(
            kind.result_template, experiment=found, kind=kind, state=state, inline=inline, url=_nowhere,
            now=row.finished, **{**kind.show(shown), "figures": {one.name: one for one in figures}},
        ),
        data={"name": row.name, "kind": row.kind, "spec": row.spec, "result": row.result},
        table=csv_text(header, cells),
        provenance=came.model_copy(update={"more": {**came.more, "Experiment": row.id}}),
        preview=drawing_card(card, drawn) if drawn else table_card(
            card, header[:CARD_COLUMNS], [tuple(map(_word, one[:CARD_COLUMNS])) for one in cells]
        ),
        styles=("overview.css", "experiments.css", *kind.styles),
        texts=(f"the name of the experiment, “{row.name}”", "everything its answer shows, prompts and texts included"),
    )  # fmt: skip


def _word(cell: Cell) -> str:
    return significant(cell) if isinstance(cell, float) else "" if cell is None else str(cell)


def _nowhere(**_: object) -> str:
    """Links of the live page; they are taken out."""
    return ""


SHARERS = (Sharer("experiment", pattern("/experiments/(?P<experiment_id>[a-z0-9]{12})"), share_experiment),)
