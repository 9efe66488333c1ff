"""What a kind of experiment is made of on the web's side.

How to add one. The worker's side comes first: spec and result in `app/contracts/<kind>.py` (the spec has an
`experiment_id`), the spec in `JobSpec` of `app/contracts/jobs.py`, `"<kind>": settle_experiment` in `SETTLERS` of
`app/jobs/subjects.py`, an `Analysis` in `worker/analyses` whose last step stores the result in `Experiment.result`.
Then here: a module `app/experiments/<kind>.py` that makes one `Kind`, its line in `KINDS` of
`app/experiments/kinds.py`, and two templates:

- `templates/experiments/<kind>/_form.html`: the fields, between the choice of the run and the name. It sees `form` (the
  form model), `run` (StoredRun or None) and what `fields` returned. Of a kind that needs a run it is drawn, and
  `fields` asked, only once `form.run` is a finished run; the frame has the field for it. A change of
  any field asks for the page again with the fields in the address, so that fields may depend on each other.
- `templates/experiments/<kind>/_result.html`: the answer. It sees `experiment`, `state` (the view model),
  `url(**changes)` (this page with another view state), `inline`, `figures` (by name; draw one with the macro `figure`
  of `experiments/_figure.html`) and what `show` returned.

Everything else is the same for all kinds: list, progress, errors, cancel and retry, JSON and CSV, figure files, API.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.contracts.jobs import JobSpec
from app.db.runs import StoredRun
from app.db.tables import Experiment, Job, Model
from app.experiments.forms import takes_files
from app.figures.figure import Figure
from app.web.cache import ArrayCache
from app.web.tabular import Cell

Context = Mapping[str, Any]
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]


@dataclass(frozen=True)
class Desk:
    """What forms and results may read with: the database, and arrays through the cache."""

    session: Session
    cache: ArrayCache


@dataclass(frozen=True)
class Wanted:
    """A form made sense of: the job to queue, and what its experiment is listed under.

    `seconds` is what the user is told it will take; `costs` are further lines beside the form, as title and words.
    """

    spec: JobSpec
    name: str
    model_id: str
    run_id: str | None = None
    set_ids: tuple[str, ...] = ()
    seconds: float | None = None
    interactive: bool = False
    costs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class StoredExperiment:
    """An experiment's row with what its page needs beside it."""

    row: Experiment
    model: Model
    run: StoredRun | None
    job: Job | None

    @property
    def id(self) -> str:
        """The id of the experiment; its arrays are stored under it."""
        return self.row.id


@dataclass(frozen=True)
class Shown:
    """An experiment that has a result, the state of its page, and what to read more with."""

    desk: Desk
    experiment: StoredExperiment
    state: BaseModel

    @property
    def result(self) -> dict[str, Any]:
        """The stored result, for the kind's contract to read."""
        return self.experiment.row.result or {}

    @property
    def spec(self) -> dict[str, Any]:
        """The stored spec, for the kind's contract to read."""
        return self.experiment.row.spec


class NoState(BaseModel):
    """The view state of a result page that has none."""


def _nothing(*_: object) -> Context:
    return {}


def _no_figures(_: Shown) -> Sequence[Figure]:
    return ()


@dataclass(frozen=True)
class Kind:
    """A kind of experiment: how its form is read and its result shown.

    `form`: the fields, every one with a default (`run: str = ""` among them where a kind needs a run); the API takes
    the same.
    `specify`: form to job, given the id of the experiment to be; raises BadInput or NotFound with what is wrong.
    `fields`: what the form's template needs beside the form itself.
    `state`: the view state of the result page, in its address. `show`: what the result's template needs.
    `figures`: every figure of the result; each gets SVG, PNG, CSV and JSON files. `table`: header and rows of the CSV.
    """

    name: str
    title: str
    question: str  # a sentence: what it answers
    form: type[BaseModel]
    specify: Callable[[Desk, Any, str], Wanted]
    table: Callable[[Shown], Table]
    show: Callable[[Shown], Context] = _nothing
    fields: Callable[[Desk, Any], Context] = _nothing
    figures: Callable[[Shown], Sequence[Figure]] = _no_figures
    state: type[BaseModel] = NoState
    needs_run: bool = True
    styles: tuple[str, ...] = field(default=())  # style sheets of static/ beside figures.css and experiments.css

    @property
    def file_fields(self) -> frozenset[str]:
        """The fields of the form that hold uploaded files."""
        return frozenset(name for name, known in self.form.model_fields.items() if takes_files(known))

    @property
    def form_template(self) -> str:
        """The template of the fields."""
        return f"experiments/{self.name}/_form.html"

    @property
    def result_template(self) -> str:
        """The template of the answer."""
        return f"experiments/{self.name}/_result.html"
