"""What a report is made of besides a run's own figures: experiments, each with the form that asks for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.contracts.ids import new_id
from app.db.questions import list_question_sets
from app.db.runs import FinishedRun
from app.db.tables import Experiment
from app.errors import ProductError
from app.experiments.kind import Desk, Kind, Wanted
from app.experiments.kinds import BY_NAME


@dataclass(frozen=True)
class Part:
    """One experiment of a report; `fields` are those of its form that differ from the defaults."""

    name: str
    kind: str
    title: str
    paper: str  # where in Tezuka & Inoue (2025) it stands
    fields: Mapping[str, Any] = field(default_factory=dict)
    after: str | None = None  # the part whose answer this one can use


@dataclass(frozen=True)
class Asked:
    """A part asked of a run: what would be queued, and the newest experiment that asked just that, if there is one.

    `problem` says why it cannot be asked.
    """

    part: Part
    kind: Kind
    wanted: Wanted | None
    experiment: Experiment | None
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether there is an answer to show."""
        return self.experiment is not None and self.experiment.result is not None


PARTS: tuple[Part, ...] = (
    Part("geometry", "geometry", "Languages under intervention", "sections 1.1, 1.2, 1.5, 1.7, 1.8; figures 2 to 5"),
    Part("specificity", "specificity", "How language-specific the neurons are", "section 5; tables 13 to 20"),
    Part("families", "families", "Neurons that languages share", "section 5, family specificity", after="specificity"),
    Part("questions-1", "evaluate", "Questions with Type-1 neurons off", "section 6, MKQA", {"neurons": "type1"}),
    Part("questions-2", "evaluate", "Questions with Type-2 neurons off", "section 6", {"neurons": "type2"}),
)


def asked_parts(desk: Desk, run: FinishedRun) -> Iterator[Asked]:
    """Every part for a run, in the order of the report."""
    earlier = _earlier(desk, run.id)
    for part in PARTS:
        kind = BY_NAME[part.kind]
        try:
            wanted = kind.specify(desk, kind.form(**_fields(desk, run, part)), new_id())
        except ProductError as error:
            yield Asked(part, kind, None, None, str(error))
            continue
        question = _question(wanted.spec.model_dump(mode="json"))
        same = [row for row in earlier if row.kind == wanted.spec.kind and _question(row.spec) == question]
        with_result = [row for row in same if row.result is not None]
        yield Asked(part, kind, wanted, next(iter(with_result or same), None))


def _fields(desk: Desk, run: FinishedRun, part: Part) -> dict[str, Any]:
    fields: dict[str, Any] = {"run": run.id, **part.fields}
    if part.kind == "evaluate":
        fields["questions"] = _question_set(desk, run)
        fields["preset"] = "paper" if run.spec.settings.preset == "paper" else "corrected"
    return fields


def _question_set(desk: Desk, run: FinishedRun) -> str:
    """The question set that has most of the run's languages; the newest of equals. Empty without one."""
    best, most = "", 0
    for stored in list_question_sets(desk.session):
        shared = len(set(stored.row.languages) & set(run.spec.all_languages))
        if shared > most:
            best, most = stored.row.id, shared
    return best


def _earlier(desk: Desk, run_id: str) -> list[Experiment]:
    query = select(Experiment).where(Experiment.run_id == run_id)
    return list(desk.session.scalars(query.order_by(Experiment.created.desc(), Experiment.id)))


def _question(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec without ids of experiments, its own and one it looks at besides: equal for equal questions."""
    return {key: value for key, value in spec.items() if key not in ("experiment_id", "specificity_id")}
