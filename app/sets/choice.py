"""What a form of a new set shows: what can be chosen, what is chosen, how many neurons that gives, what is wrong."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.contracts.ids import NeuronId
from app.contracts.sets import PickedOrigin
from app.db.runs import FinishedRun, finished_run
from app.db.sets import Pairs, find_set, list_sets, model_shape
from app.db.tables import Model, NeuronSet, Run
from app.db.top import TopChoice, choose_top
from app.errors import ProductError
from app.sets.forms import CombineForm, PickForm, TopForm
from app.sets.making import Combination, combine, find_model, listed, picked
from app.sets.overlaps import Overlap, overlap
from app.sets.service import finished_runs, inspected_models
from app.web.cache import ArrayCache

DEFAULT_COUNT = 100
MOST_LISTED = 5000  # neurons written out for editing


@dataclass(frozen=True, slots=True)
class TopPage:
    """The form of the best neurons of a run."""

    form: TopForm
    runs: list[Run]
    run: FinishedRun | None
    choice: TopChoice | None
    problem: str


@dataclass(frozen=True, slots=True)
class PickPage:
    """The form of neurons named by hand; `neurons` where the list can be read."""

    form: PickForm
    models: list[Model]
    model: Model | None
    text: str
    neurons: Pairs | None
    duplicates: int
    problem: str


@dataclass(frozen=True, slots=True)
class CombinePage:
    """The form of two sets combined, with their overlap."""

    form: CombineForm
    sets: list[NeuronSet]
    left: NeuronSet | None
    found: Combination | None
    overlap: Overlap | None
    problem: str


def next_version(session: Session, after: str) -> NeuronSet | None:
    """The set whose next version is being made, or None. Raises NotFound."""
    return find_set(session, after).row if after else None


def top_page(session: Session, cache: ArrayCache, form: TopForm) -> TopPage:
    """The form filled up: the newest run, its first language and DEFAULT_COUNT neurons where nothing is said."""
    runs = finished_runs(session)
    run_id = form.run or (runs[0].id if runs else "")
    run = finished_run(session, run_id) if run_id else None
    if run is None:
        return TopPage(form, runs, None, None, "")
    language = form.language if form.language in run.spec.languages else run.spec.languages[0]
    amount = min(DEFAULT_COUNT, run.summary.neurons) if form.amount is None else form.amount
    form = form.model_copy(update={"run": run.id, "language": language, "amount": amount})
    try:
        return TopPage(form, runs, run, choose_top(session, cache.reader(session), form.origin()), "")
    except ProductError as wrong:
        return TopPage(form, runs, run, None, str(wrong))


def pick_page(session: Session, form: PickForm) -> PickPage:
    """The form with the ticked neurons written into its text; of a set's next version with the set's own."""
    models = inspected_models(session)
    model_id, text = form.model, form.text
    if not model_id and form.run:
        model_id = finished_run(session, form.run).model.id
    after = find_set(session, form.after) if form.after else None
    if after is not None:
        model_id = model_id or after.row.model_id
        if not text and not form.neurons and len(after.neurons) <= MOST_LISTED:
            text = listed(after.neurons)
    model = find_model(session, model_id) if model_id else (models[0] if models else None)
    ticked = "\n".join(filter(None, (_tidy(name) for name in form.neurons)))
    text = "\n".join(filter(None, (ticked, text)))
    if model is None or not text.strip():
        return PickPage(form, models, model, text, None, 0, "")
    try:
        neurons, duplicates = picked(model, text)
    except ProductError as wrong:
        return PickPage(form, models, model, text, None, 0, str(wrong))
    return PickPage(form, models, model, text, neurons, duplicates, "")


def layers_of(model: Model) -> int:
    """How many layers an inspected model has."""
    return model_shape(model)[0]


def _tidy(name: str) -> str:
    try:
        return str(NeuronId.parse(name))
    except ProductError:
        return name


def combine_page(session: Session, form: CombineForm) -> CombinePage:
    """The form with the first two sets where none are named, and what they give."""
    sets = list_sets(session)
    known = {row.id for row in sets}
    for wanted in (form.left, form.right):
        if wanted and wanted not in known:  # an older version
            sets.append(find_set(session, wanted).row)
            known.add(wanted)
    left = next((row for row in sets if row.id == form.left), sets[0] if sets else None)
    fitting = [row for row in sets if left and row.id != left.id and _shape(row) == _shape(left)]
    right = next((row for row in sets if row.id == form.right), fitting[0] if fitting else None)
    if left is None or right is None:
        return CombinePage(form, sets, left, None, None, "")
    form = form.model_copy(update={"left": left.id, "right": right.id})
    try:
        found = combine(session, left.id, right.id, form.operation)
    except ProductError as wrong:
        return CombinePage(form, sets, left, None, None, str(wrong))
    shared = overlap(session, found.left, right, found.right.neurons, matched=True)
    problem = "" if len(found.neurons) else "This gives no neuron. A set needs one at least."
    return CombinePage(form, sets, left, found, shared, problem)


def _shape(row: NeuronSet) -> tuple[int, int]:
    return row.layers, row.neurons


def picked_origin(form: PickForm) -> PickedOrigin:
    """The origin of neurons chosen by hand, in a run's table where there is one."""
    return PickedOrigin(run_id=form.run or None)
