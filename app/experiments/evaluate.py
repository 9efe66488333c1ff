"""Evaluation on questions: the kind of experiment and its form."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.contracts.evaluations import EVERY_LANGUAGE, EvaluateSpec, OwnTop, PromptStyle
from app.contracts.interventions import POSITION_WORDS, Controls, Intervention, Positions
from app.contracts.results import ModelCard
from app.db.questions import find_questions, list_question_sets
from app.db.runs import FinishedRun
from app.db.sets import StoredSet, find_set, sets_of_shape
from app.errors import BadInput
from app.experiments.answers import AnswersState, answers_context, answers_table
from app.experiments.answers_figures import figures
from app.experiments.kind import Desk, Kind, Wanted
from app.experiments.run_fields import NOTHING, OWN_TYPE_1, OWN_TYPE_2, asked_run, default_top, own_or_set
from app.text.cues import read_cues, written_cues
from app.text.identify import closest

PAPER = PromptStyle(template="{question}? {cue} ", one_mark=False)
CORRECTED = PromptStyle()
PRESETS: dict[str, str] = {
    "corrected": "corrected: one question mark, no space at the end, first line, all prompt tokens",
    "paper": "paper: “{question}? {cue} ” as it stands, all that is written, the last prompt token",
}


class EvaluateForm(BaseModel):
    """The fields of the form; what is empty follows the preset."""

    run: str = ""
    questions: str = ""
    languages: list[str] = Field(default_factory=list)
    neurons: str = Field(OWN_TYPE_1, title="Neurons")
    top: int | None = Field(None, ge=1, title="Neurons of each language")
    preset: Literal["corrected", "paper"] = "corrected"
    positions: Literal["", "prompt_last", "prompt", "prompt_but_first", "generated", "all"] = ""
    limit: int | None = Field(100, ge=1, le=100_000, title="Questions a language")
    draws: int = Field(5, ge=0, le=100, title="Control draws")
    max_new_tokens: int = Field(10, ge=1, le=512, title="Longest answer")
    template: str = Field("", max_length=4000)
    cues: str = Field("", max_length=20_000)
    intervention: Literal["zero", "mean"] = "zero"
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


def specify(desk: Desk, form: EvaluateForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    if not form.questions:
        raise BadInput("Choose a question set.")
    found = find_questions(desk.session, form.questions)
    languages = _languages(found.row.languages, run, form)
    sets, top = _neurons(desk, form, run)
    paper = form.preset == "paper"
    style = PAPER if paper else CORRECTED
    cues = read_cues(form.cues) if form.cues.strip() else read_cues(written_cues(languages))
    template = form.template or style.template
    if "{question}" not in template:
        raise BadInput("The prompt must hold {question}, where the question goes.")
    positions: Positions = form.positions or ("prompt_last" if paper else "prompt")
    spec = EvaluateSpec(
        experiment_id=experiment_id,
        model_id=run.model.id,
        question_set_id=found.row.id,
        languages=languages,
        sets=sets,
        top=top,
        preset=form.preset,
        style=style.model_copy(update={"template": template, "cues": cues}),
        limit=form.limit,
        seed=form.seed,
        intervention=Intervention(name=form.intervention, positions=positions, run_id=run.id),
        controls=Controls(draws=form.draws if sets or top else 0, seed=form.seed),
        max_new_tokens=form.max_new_tokens,
        first_line=not paper,
    )
    asked = sum(min(found.report.questions[code], form.limit or 10**9) for code in languages)
    conditions = 1 + (1 + form.draws if sets or top else 0)
    return Wanted(
        spec,
        f"{found.row.name}{_without(desk, form)}, {run.name}",
        run.model.id,
        run.id,
        set_ids=tuple(sets.values()),
        seconds=_seconds(run, asked * conditions * (form.max_new_tokens + 20)),
        costs=(("Questions", f"at most {asked:,}, each under {conditions} conditions"),),
    )


def _without(desk: Desk, form: EvaluateForm) -> str:
    """What is switched off, for the name."""
    known = {NOTHING: "", OWN_TYPE_1: " without Type-1", OWN_TYPE_2: " without Type-2"}
    if form.neurons in known:
        return known[form.neurons]
    return f" without {find_set(desk.session, form.neurons).title}"


def _languages(there: list[str], run: FinishedRun, form: EvaluateForm) -> tuple[str, ...]:
    """The chosen languages; without a choice those of the run. Raises BadInput."""
    chosen = [code for code in there if code in form.languages]
    chosen = chosen or [code for code in there if closest(code, run.spec.all_languages)] or list(there)
    return tuple(chosen[:64])


def _neurons(desk: Desk, form: EvaluateForm, run: FinishedRun) -> tuple[dict[str, str], OwnTop | None]:
    """What is changed: one set for all languages, or each language's own best neurons. Raises BadInput, NotFound."""
    found = own_or_set(desk, run, form.neurons, form.top)
    return ({EVERY_LANGUAGE: found.id}, None) if isinstance(found, StoredSet) else ({}, found)


def _seconds(run: FinishedRun, tokens: int) -> float | None:
    """How long so many tokens take at the speed that was measured when the model was inspected."""
    card = ModelCard.model_validate(run.model.card) if run.model.card else None
    return tokens / card.tokens_per_second if card and card.tokens_per_second else None


def fields(desk: Desk, form: EvaluateForm) -> dict[str, Any]:
    """What the form shows beside its values."""
    run = asked_run(desk, form.run)
    question_sets = list_question_sets(desk.session)
    chosen = next((one for one in question_sets if one.row.id == form.questions), None)
    languages = _languages(chosen.row.languages, run, form) if chosen else ()
    paper = form.preset == "paper"
    return {
        "question_sets": question_sets,
        "chosen": chosen,
        "languages": languages,
        "sets": sets_of_shape(desk.session, run.summary.layers, run.summary.neurons),
        "top": form.top or default_top(run),
        "presets": PRESETS,
        "positions": POSITION_WORDS,
        "template": form.template or (PAPER if paper else CORRECTED).template,
        "cues": form.cues if form.cues.strip() else written_cues(list(languages)),
    }


EVALUATE = Kind(
    name="evaluate",
    title="Questions",
    question="Does the model still answer with a language's neurons off? Exact match, F1, language of answers.",
    form=EvaluateForm,
    specify=specify,
    table=answers_table,
    show=answers_context,
    fields=fields,
    figures=figures,
    state=AnswersState,
    styles=("answers.css",),
)
