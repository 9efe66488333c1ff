"""What a user chooses for a new comparison, from a half-filled form to what there is to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.comparisons.actions import Action, offered
from app.comparisons.form import CompareForm
from app.contracts.jobs import ScanSpec
from app.contracts.results import ModelCard
from app.db.sets import sets_of_shape
from app.db.tables import Model, NeuronSet, Run

Row = TypeVar("Row", Model, NeuronSet, Run)
SOURCES = ("top", "set", "neurons")


@dataclass(frozen=True, slots=True)
class Choice:
    """A form made sense of: what is chosen and what there is to choose from."""

    form: CompareForm
    models: list[Model]
    model: Model | None
    card: ModelCard | None
    sets: list[NeuronSet]
    set: NeuronSet | None
    runs: list[Run]
    run: Run | None
    languages: tuple[str, ...]
    pivot: str
    language: str
    actions: tuple[Action, ...]
    action: Action
    source: str

    @property
    def lens_run(self) -> Run | None:
        """The run whose languages the logit lens uses: the one named, none, or the one at hand."""
        if self.form.lens_run == "none":
            return None
        return next((run for run in self.runs if run.id == self.form.lens_run), self.run)


def choose(session: Session, form: CompareForm) -> Choice:
    """Read the form leniently: what is not named, or is not there, takes the newest."""
    models = [model for model in session.scalars(select(Model).order_by(Model.created.desc())) if model.card]
    named_set = session.get(NeuronSet, form.set) if form.set else None
    named_run = session.get(Run, form.run) if form.run else None
    model = _model(session, models, form, named_set, named_run)
    card = None if model is None or model.card is None else ModelCard.model_validate(model.card)
    runs = [] if model is None else _runs(session, model)
    origin = "" if named_set is None else str(named_set.origin.get("run_id") or "")
    run = _named(runs, form.run or origin)
    sets = [] if card is None else sets_of_shape(session, card.layers, card.neurons)
    if named_set is not None and named_set.id not in {one.id for one in sets}:
        sets = [named_set, *sets]
    spec = None if run is None else ScanSpec.model_validate(run.spec)
    languages = () if spec is None else spec.languages
    actions = offered(session)
    return Choice(
        form=form, models=models, model=model, card=card, sets=sets, set=named_set or _named(sets, form.set),
        runs=runs, run=run, languages=languages, pivot="" if spec is None else spec.pivot,
        language=form.language if form.language in languages else next(iter(languages), ""), actions=actions,
        action=next((one for one in actions if one.name == form.action), actions[0]),
        source=_source(form, runs, sets),
    )  # fmt: skip


def _model(
    session: Session, models: Sequence[Model], form: CompareForm, chosen: NeuronSet | None, run: Run | None
) -> Model | None:
    """The model named by itself, else the one of the run or of the set, else the newest."""
    wanted = form.model or (run.model_id if run else "") or (chosen.model_id if chosen else "")
    if wanted:
        return next((model for model in models if model.id == wanted), None)
    scanned = session.scalar(
        select(Run.model_id).where(Run.status == "complete").order_by(Run.created.desc(), Run.id).limit(1)
    )
    return next((model for model in models if model.id == scanned), next(iter(models), None))


def _runs(session: Session, model: Model) -> list[Run]:
    query = select(Run).where(Run.model_id == model.id, Run.status == "complete")
    return list(session.scalars(query.order_by(Run.created.desc(), Run.id)))


def _named(rows: Sequence[Row], chosen: str) -> Row | None:
    return next((row for row in rows if row.id == chosen), next(iter(rows), None))


def _source(form: CompareForm, runs: Sequence[Run], sets: Sequence[NeuronSet]) -> str:
    """How the neurons are named: as the form says, else by what it holds, else by what there is."""
    if form.source in SOURCES:
        return form.source
    if form.set:
        return "set"
    if form.neurons_text:
        return "neurons"
    return "top" if runs else "set" if sets else "neurons"
