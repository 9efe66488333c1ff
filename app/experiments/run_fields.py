"""What several kinds ask of a run: its languages, its candidates, families to edit, how many neurons to take."""

from app.contracts.evaluations import OwnTop
from app.contracts.sets import NeuronType
from app.db.runs import FinishedRun, finished_run
from app.db.sets import StoredSet, find_set
from app.errors import BadInput
from app.experiments.kind import Desk
from app.text.families import Families, families_of, read_families, written

OWN_TYPE_1, OWN_TYPE_2, NOTHING = "type1", "type2", "nothing"  # choices beside the sets
DEFAULT_SHARE = 0.002  # of all neurons: what the paper zeroes


def asked_run(desk: Desk, run_id: str) -> FinishedRun:
    """The run of a form. Raises BadInput without one, NotFound, Conflict while it has no numbers."""
    if not run_id:
        raise BadInput("Choose a run.")
    return finished_run(desk.session, run_id)


def default_top(run: FinishedRun) -> int:
    """0.2 % of the model's neurons, at most what the smaller range of candidate layers has."""
    summary = run.summary
    return max(1, min(round(DEFAULT_SHARE * summary.layers * summary.neurons), most(run)))


def asked_top(run: FinishedRun, wanted: int | None) -> int:
    """How many neurons of either type: as asked, else the usual number. Raises BadInput for more than there are."""
    return _at_most(wanted or default_top(run), most(run))


def own_or_set(desk: Desk, run: FinishedRun, neurons: str, wanted: int | None) -> OwnTop | StoredSet | None:
    """What is switched off: a language's own best neurons of a type, a set, or nothing. Raises BadInput, NotFound."""
    if neurons == NOTHING:
        return None
    if neurons in (OWN_TYPE_1, OWN_TYPE_2):
        kind: NeuronType = 1 if neurons == OWN_TYPE_1 else 2
        there = len(run.summary.candidates(kind)) * run.summary.neurons
        return OwnTop(run_id=run.id, type=kind, count=_at_most(wanted or default_top(run), there))
    found = find_set(desk.session, neurons)
    if (found.row.layers, found.row.neurons) != (run.summary.layers, run.summary.neurons):
        raise BadInput(f"“{found.title}” is of a model of another shape.")
    return found


def _at_most(top: int, there: int) -> int:
    if top > there:
        raise BadInput(f"There are {there:,} candidates of one type; take at most so many neurons.")
    return top


def most(run: FinishedRun) -> int:
    """How many candidates the smaller of the two types has."""
    summary = run.summary
    return max(1, min(summary.split, summary.layers - summary.split) * summary.neurons)


def families_from(run: FinishedRun, text: str) -> Families:
    """The families of a form's text, the usual ones if it is empty. Raises BadInput naming the line."""
    codes = run.spec.all_languages
    return read_families(text, codes) if text.strip() else families_of(codes)


def families_text(run: FinishedRun, text: str) -> str:
    """What the field of families shows."""
    return text if text.strip() else written(families_of(run.spec.all_languages))
