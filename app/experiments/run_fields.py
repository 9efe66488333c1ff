"""What several kinds ask of a run: its languages, its candidates, families to edit, how many neurons to take."""

from app.db.runs import FinishedRun, finished_run
from app.errors import BadInput
from app.experiments.kind import Desk
from app.text.families import Families, families_of, read_families, written

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
