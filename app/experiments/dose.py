"""Dose-response: language of the output and perplexity as more of a language's own neurons are switched off."""

import math

from pydantic import Field

from app.contracts.sweeps import DOSES, Arm, DoseSpec, Line, Measured, SweepResult
from app.errors import BadInput
from app.experiments.kind import Context, Desk, Kind, Shown, Wanted
from app.experiments.run_fields import asked_run
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
from app.figures.figure import Figure, Panel
from app.figures.figure import Table as Numbers
from app.figures.lines import LineAxes, Series, line_panel
from app.figures.style import Label
from app.text.languages import language
from app.text.plural import counted

LARGEST = 50.0  # nats; a perplexity beyond e^50 is drawn there
ARMS: tuple[tuple[Arm, Label, bool], ...] = (
    ("type1", Label("T1", "Type-1", "Latn", 0, "type-1"), False),
    ("control1", Label("r1", "random, as Type-1", "Latn", 2, "type-1"), True),
    ("type2", Label("T2", "Type-2", "Latn", 0, "type-2"), False),
    ("control2", Label("r2", "random, as Type-2", "Latn", 2, "type-2"), True),
)


class DoseForm(CorpusForm):
    """The fields of the form."""

    doses: str = Field(", ".join(str(dose) for dose in DOSES), max_length=300, title="Doses")


def fields(desk: Desk, form: DoseForm) -> Context:
    """What the form shows beside its values."""
    return choices(asked_run(desk, form.run))


def doses_from(text: str) -> tuple[int, ...]:
    """The doses of a form, ascending, 0 among them. Raises BadInput naming what is no number."""
    found = {0}
    for part in text.replace(";", ",").split(","):
        if not part.strip():
            continue
        if not part.strip().isdecimal():
            raise BadInput(f"“{part.strip()[:20]}” is no number of neurons. Write whole numbers with commas between.")
        found.add(int(part))
    if not 2 <= len(found) <= 20:
        raise BadInput("Give 1 to 19 doses beside 0.")
    return tuple(sorted(found))


def specify(desk: Desk, form: DoseForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    languages = languages_from(run, form.languages, pivot=False)
    values = corpus_values(form, run, experiment_id)
    spec = DoseSpec(languages=languages, doses=doses_from(form.doses), **values)
    conditions = 1 + 2 * (len(spec.doses) - 1) * (1 + form.draws)
    return corpus_wanted(form, run, spec, f"Dose-response of {run.name}", conditions)


def figures(shown: Shown) -> list[Figure]:
    """A row of panels a language: rate of its own language, then perplexity."""
    result, spec = answer(shown), DoseSpec.model_validate(shown.spec)
    found = []
    if spec.prompts:
        panels = tuple(_panel(result, spec, code, "language_rate") for code in spec.languages)
        caption = (
            "Share of outputs in the language, among those whose language could be told, as the language's own best "
            f"neurons are switched off; sentences of the corpus, the beginning of each continued by at most "
            f"{counted(spec.max_new_tokens, 'token')} (n = {counted(spec.prompts, 'prompt')} a language)."
        )
        found.append(_figure("rates", "Output in the language, by dose", caption, panels, result))
    if spec.sentences:
        panels = tuple(_panel(result, spec, code, "nats") for code in spec.languages)
        read = counted(spec.sentences, "sentence")
        caption = f"Perplexity of {read} of the language, whose neurons are switched off at every token."
        found.append(_figure("perplexity", "Perplexity, by dose", caption, panels, result))
    return found


def _figure(name: str, title: str, caption: str, panels: tuple[Panel, ...], result: SweepResult) -> Figure:
    more = (
        " Solid: Type-1 (T1) and Type-2 (T2); dashed: random neurons matched to each by layer. Bands: 95 % bootstrap "
        "intervals over prompts or sentences."
    )
    clipped = (
        f" Doses beyond the candidates are clipped; the largest is {max(result.doses):,}." if result.clipped else ""
    )
    return Figure(name, title, caption + more + clipped, panels, 2, Numbers(COLUMNS, tuple(rows(result.lines))), 1)


def _panel(result: SweepResult, spec: DoseSpec, code: str, name: str) -> Panel:
    own = [line for line in result.lines if line.language == code]
    start = next(line for line in own if line.arm == "normal")
    series = []
    for arm, label, faint in ARMS:
        steps = sorted((line for line in own if line.arm == arm), key=lambda line: line.dose)
        if steps:
            series.append(_series([start, *steps], name, label, faint=faint))
    told = language(code)
    rate = name == "language_rate"
    axes = LineAxes(
        f"{told.code} · {told.endonym}",
        x="neurons switched off",
        limits=(0.0, 1.0) if rate else None,
        width=400,
        marks=tuple(f"{dose:,}" for dose in spec.doses),
    )
    return line_panel(series, axes)


def _series(steps: list[Line], name: str, label: Label, *, faint: bool) -> Series:
    found: list[Measured | None] = [getattr(line, name) for line in steps]

    def column(pick: str) -> list[float]:
        values = [None if one is None else getattr(one, pick) for one in found]
        known = [math.nan if value is None else float(value) for value in values]
        return [math.exp(min(value, LARGEST)) for value in known] if name == "nats" else known

    value = column("value")
    low, high = column("low"), column("high")
    known = all(math.isfinite(bound) for bound in (*low, *high))
    return Series(label, value, low if known else None, high if known else None, faint=faint)


DOSE = Kind(
    name="dose",
    title="Dose-response",
    question="How many of a language's neurons must be switched off until its output leaves the language?",
    form=DoseForm,
    specify=specify,
    table=table,
    show=shown_answer,
    fields=fields,
    figures=figures,
    styles=("sweeps.css",),
)
