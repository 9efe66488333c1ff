"""Tasks of lm-evaluation-harness: the kind of experiment and its form."""

import re
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.contracts.evaluations import OwnTop
from app.contracts.harness import HarnessSpec
from app.contracts.interventions import POSITION_WORDS, Controls, Intervention
from app.db.runs import FinishedRun
from app.db.sets import StoredSet, sets_of_shape
from app.errors import BadInput
from app.experiments.answers import AnswersState, answers_context, answers_table
from app.experiments.answers_figures import figures
from app.experiments.kind import Desk, Kind, Wanted
from app.experiments.run_fields import NOTHING, OWN_TYPE_1, asked_run, default_top, own_or_set

_TASK = re.compile(r"[\w.\-]{1,100}")


class HarnessForm(BaseModel):
    """The fields of the form."""

    run: str = ""
    tasks: str = Field("", max_length=5000, title="Tasks")
    language: str = Field("", max_length=35, title="Language")
    neurons: str = Field(OWN_TYPE_1, title="Neurons")
    top: int | None = Field(None, ge=1, title="Neurons of the language")
    positions: Literal["prompt_last", "prompt", "prompt_but_first", "generated", "all"] = "prompt"
    limit: int | None = Field(100, ge=1, le=100_000, title="Questions a task")
    shots: int | None = Field(None, ge=0, le=64, title="Examples in the prompt")
    draws: int = Field(2, ge=0, le=100, title="Control draws")
    batch_size: int = Field(8, ge=1, le=256, title="Batch")
    intervention: Literal["zero", "mean"] = "zero"
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


def specify(desk: Desk, form: HarnessForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    tasks = tuple(dict.fromkeys(form.tasks.replace(",", " ").split()))
    if not tasks:
        raise BadInput("Name the tasks as the harness does, such as mmlu_prox_lite_ja.")
    for task in tasks:
        if not _TASK.fullmatch(task):
            raise BadInput(f"“{task[:60]}” is no name of a task: letters, digits, _, . and - only.")
    changed = form.neurons != NOTHING
    set_id, top = _neurons(desk, form, run)
    spec = HarnessSpec(
        experiment_id=experiment_id,
        model_id=run.model.id,
        tasks=tasks,
        language=form.language or None,
        set_id=set_id,
        top=top,
        limit=form.limit,
        shots=form.shots,
        intervention=Intervention(name=form.intervention, positions=form.positions, run_id=run.id),
        controls=Controls(draws=form.draws if changed else 0, seed=form.seed),
        batch_size=form.batch_size,
        seed=form.seed,
    )
    passes = len(tasks) * (2 + form.draws if changed else 1)
    costs = (("Passes", f"{passes:,}, one a task and condition"),)
    name = f"{', '.join(tasks[:3])}{' …' if len(tasks) > 3 else ''}, {run.name}"
    set_ids = () if set_id is None else (set_id,)
    return Wanted(spec, name, run.model.id, run.id, set_ids=set_ids, costs=costs)


def _neurons(desk: Desk, form: HarnessForm, run: FinishedRun) -> tuple[str | None, OwnTop | None]:
    """A set, or the best neurons of the language. Raises BadInput, NotFound."""
    found = own_or_set(desk, run, form.neurons, form.top)
    if isinstance(found, StoredSet):
        return found.id, None
    if found is not None and form.language not in run.spec.languages:
        raise BadInput(f"Choose the language whose neurons are switched off: {', '.join(run.spec.languages)}.")
    return None, found


def fields(desk: Desk, form: HarnessForm) -> dict[str, Any]:
    """What the form shows beside its values."""
    run = asked_run(desk, form.run)
    return {
        "sets": sets_of_shape(desk.session, run.summary.layers, run.summary.neurons),
        "top": form.top or default_top(run),
        "positions": POSITION_WORDS,
        "codes": run.spec.all_languages,
    }


HARNESS = Kind(
    name="harness",
    title="Tasks of lm-evaluation-harness",
    question="MMLU-ProX, or any other task of the harness, by its own prompts and metrics, with neurons switched off.",
    form=HarnessForm,
    specify=specify,
    table=answers_table,
    show=answers_context,
    fields=fields,
    figures=figures,
    state=AnswersState,
    styles=("answers.css",),
)
