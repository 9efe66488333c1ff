"""Ablate one language, measure another: which languages depend on whose neurons."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from app.contracts.sweeps import Line, MatrixSpec, SweepResult
from app.errors import BadInput
from app.experiments.kind import Context, Desk, Kind, Shown, Wanted
from app.experiments.run_fields import asked_run, asked_top, default_top, most
from app.experiments.sweep_parts import (
    COLUMNS,
    CorpusForm,
    answer,
    choices,
    corpus_values,
    corpus_wanted,
    languages_from,
    rows,
    shown_answer,
    table,
)
from app.figures.figure import Figure
from app.figures.figure import Table as Numbers
from app.figures.grid import grid_panel
from app.figures.matrix import ramp_panel
from app.figures.style import Label, labels
from app.text.plural import counted

RANDOM = Label("random", "random neurons", "Latn", 0, "")


class MatrixForm(CorpusForm):
    """The fields of the form."""

    type: Literal["1", "2"] = "2"
    top: int | None = Field(None, ge=1, title="Neurons of each language")
    prompts: int = Field(10, ge=0, le=1000, title="Prompts a language")


def fields(desk: Desk, form: MatrixForm) -> Context:
    """What the form shows beside its values."""
    run = asked_run(desk, form.run)
    return {**choices(run), "top": form.top or default_top(run), "most": most(run)}


def specify(desk: Desk, form: MatrixForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    measured = languages_from(run, form.languages, pivot=True)
    ablated = tuple(code for code in measured if code in run.spec.languages)
    if not ablated:
        raise BadInput("The pivot has no neurons of its own. Choose one more language.")
    top = asked_top(run, form.top)
    values = corpus_values(form, run, experiment_id)
    spec = MatrixSpec(languages=measured, ablated=ablated, type=1 if form.type == "1" else 2, top=top, **values)
    name = f"Which language needs whose Type-{form.type} neurons: {run.name}"
    return corpus_wanted(form, run, spec, name, 1 + len(ablated) * (1 + form.draws))


def figures(shown: Shown) -> list[Figure]:
    """Change of perplexity and rate of the own language, whose neurons by which language, random neurons below."""
    result, spec = answer(shown), MatrixSpec.model_validate(shown.spec)
    run = shown.experiment.run
    every = {one.code: one for one in labels(run.languages)} if run else {}
    down = [every[code] for code in spec.ablated if code in every]
    across = [every[code] for code in spec.languages if code in every]
    numbers = Numbers(COLUMNS, tuple(rows(result.lines)))
    found = []
    draws_each = counted(spec.controls.draws, "draw")
    random = f"Last row: random neurons matched to each row by layer, mean over the rows, {draws_each} each."
    best = counted(spec.top, f"best Type-{spec.type} neuron")
    which = f"the {best} of the row's language switched off"
    if spec.sentences:
        values = cells(result, spec, lambda line: line.change.value if line.change else np.nan)
        top = max(0.05, float(np.nanmax(values))) if np.isfinite(values).any() else 1.0
        panels = (
            grid_panel(values, [*down, RANDOM], across, "Change of nats per token", (0.0, top)),
            ramp_panel((0.0, top), "nats per token"),
        )
        caption = (
            f"Rise of the negative log-likelihood per token of the column's language with {which}, at every token; "
            f"exp of it is the factor of perplexity; n = {counted(spec.sentences, 'sentence')} a language. {random}"
        )
        found.append(Figure("perplexity", "Perplexity", caption, panels, 2, numbers, len(every)))
    if spec.prompts:
        values = cells(result, spec, lambda line: line.language_rate.value if line.language_rate else np.nan)
        panels = (
            grid_panel(values, [*down, RANDOM], across, "Output in the language", (0.0, 1.0)),
            ramp_panel((0.0, 1.0), "share of outputs"),
        )
        normal = ", ".join(
            f"{line.language} {line.language_rate.value:.2f}"
            for line in result.lines
            if line.arm == "normal" and line.language_rate
        )
        caption = (
            f"Share of outputs in the column's own language, among those whose language could be told, with {which}; "
            f"n = {counted(spec.prompts, 'prompt')} a language. "
            f"{random} Nothing switched off: {normal or 'not known'}."
        )
        found.append(Figure("rates", "Language of the output", caption, panels, 2, numbers, len(every)))
    return found


def cells(result: SweepResult, spec: MatrixSpec, value: Callable[[Line], float]) -> np.ndarray:
    """[ablated + 1, languages]; the last row is the mean over the controls of all rows, nan where nothing is known."""
    found = np.full((len(spec.ablated) + 1, len(spec.languages)), np.nan)
    for column, code in enumerate(spec.languages):
        own = [line for line in result.lines if line.language == code]
        for line in own:
            if line.arm == "set":
                found[spec.ablated.index(line.ablated), column] = value(line)
        controls = [number for line in own if line.arm == "control" and np.isfinite(number := value(line))]
        if controls:
            found[-1, column] = float(np.mean(controls))
    return found


MATRIX = Kind(
    name="matrix",
    title="Ablate one, measure another",
    question="Which languages suffer when a language's neurons are switched off?",
    form=MatrixForm,
    specify=specify,
    table=table,
    show=shown_answer,
    fields=fields,
    figures=figures,
    styles=("sweeps.css",),
)
