"""What the three sweeps have in common on the web's side: fields, estimate, lines as rows, outputs."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.contracts.interventions import POSITION_WORDS, Controls, Intervention, Positions
from app.contracts.results import ModelCard
from app.contracts.sets import MEASURES, Measure
from app.contracts.sweeps import ARM_TITLES, DoseSpec, Line, MatrixSpec, Measured, SweepResult
from app.db.runs import FinishedRun
from app.errors import BadInput
from app.experiments.kind import Context, Shown, Table, Wanted
from app.figures.figure import Cell
from app.text.languages import language

GENERATION_COST = 4.0  # a generated token costs about four that are read
PROMPT_TOKENS = 12  # of a sentence's beginning
COLUMNS = (
    "language", "condition", "neurons", "whose", "outputs", "undetermined",
    "language_rate", "language_rate_low", "language_rate_high",
    "line_pass_rate", "line_pass_rate_low", "line_pass_rate_high",
    "word_pass_rate", "word_pass_rate_low", "word_pass_rate_high",
    "nats_per_token", "nats_low", "nats_high", "change", "change_low", "change_high",
)  # fmt: skip


class CorpusForm(BaseModel):
    """The fields of the sweeps over a run's corpus."""

    run: str = ""
    languages: list[str] = Field(default_factory=list)
    measure: Measure = "score"
    positions: Literal["prompt_last", "prompt", "prompt_but_first", "generated", "all"] = "all"
    prompts: int = Field(20, ge=0, le=1000, title="Prompts a language")
    sentences: int = Field(50, ge=0, le=10_000, title="Sentences a language")
    draws: int = Field(1, ge=1, le=20, title="Control draws")
    max_new_tokens: int = Field(24, ge=1, le=256, title="Longest output")
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


def corpus_values(form: CorpusForm, run: FinishedRun, experiment_id: str) -> dict[str, Any]:
    """What a form says of its job's spec, but for the languages and neurons. Raises BadInput if nothing is asked."""
    if not form.prompts and not form.sentences:
        raise BadInput("Ask for prompts, or for sentences whose perplexity is measured, or for both.")
    return {
        "experiment_id": experiment_id,
        "model_id": run.model.id,
        "run_id": run.id,
        "corpus_id": run.corpus.id,
        "measure": form.measure,
        "intervention": zeroed(form.positions),
        "controls": draws(form.draws, form.seed),
        "prompts": form.prompts,
        "sentences": form.sentences,
        "max_new_tokens": form.max_new_tokens,
        "dtype": run.spec.settings.dtype,
    }


def corpus_wanted(
    form: CorpusForm, run: FinishedRun, spec: DoseSpec | MatrixSpec, name: str, conditions: int
) -> Wanted:
    """The job with what it costs: `conditions` in each language."""
    languages = len(spec.languages)
    outputs = conditions * form.prompts * languages
    read = round(outputs * PROMPT_TOKENS + conditions * form.sentences * languages * sentence_tokens(run))
    costs = (("Conditions", f"{conditions} a language"), ("Outputs", f"{outputs:,}"))
    took = seconds(run, outputs * form.max_new_tokens, read)
    return Wanted(spec, name, run.model.id, run.id, seconds=took, costs=costs)


def languages_from(run: FinishedRun, chosen: Sequence[str], *, pivot: bool) -> tuple[str, ...]:
    """The languages of a form, all if none is chosen; the pivot only where it may be one. Raises BadInput."""
    known = run.spec.all_languages if pivot else run.spec.languages
    wrong = next((code for code in chosen if code not in known), None)
    if wrong is not None:
        raise BadInput(f"“{wrong[:40]}” is no language that can be chosen here. There are: {', '.join(known)}.")
    return tuple(code for code in known if code in chosen) or tuple(known)


def zeroed(positions: Positions) -> Intervention:
    """Neurons switched off at these positions."""
    return Intervention(name="zero", positions=positions)


def draws(count: int, seed: int) -> Controls:
    """Layer-matched random draws."""
    return Controls(draws=count, seed=seed)


def seconds(run: FinishedRun, generated: int, read: int) -> float | None:
    """What so many generated and read tokens take, from the model's measured speed; None where it is not known."""
    speed = ModelCard.model_validate(run.model.card).tokens_per_second if run.model.card else 0.0
    return (GENERATION_COST * generated + read) / speed if speed else None


def sentence_tokens(run: FinishedRun) -> float:
    """Mean tokens of a sentence of the run."""
    sentences = sum(one.sentences for one in run.summary.languages)
    return sum(one.tokens for one in run.summary.languages) / max(sentences, 1)


def choices(run: FinishedRun) -> Context:
    """What the forms of the sweeps show beside their values."""
    return {
        "positions": POSITION_WORDS,
        "measures": MEASURES,
        "languages": run.languages,
        "codes": run.spec.all_languages,
    }


def answer(shown: Shown) -> SweepResult:
    """The stored result."""
    return SweepResult.model_validate(shown.result)


def table(shown: Shown) -> Table:
    """A row a language and condition."""
    return COLUMNS, rows(answer(shown).lines)


def rows(lines: Iterable[Line]) -> list[tuple[Cell, ...]]:
    """A row a line, as COLUMNS has it."""
    return [
        (
            one.language or "*", ARM_TITLES[one.arm], one.dose, one.ablated, one.outputs, one.undetermined,
            *_three(one.language_rate), *_three(one.line_pass_rate), *_three(one.word_pass_rate),
            *_three(one.nats), *_three(one.change),
        )
        for one in lines
    ]  # fmt: skip


def _three(found: Measured | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if found is None else (found.value, found.low, found.high)


def shown_answer(shown: Shown) -> Context:
    """What every result page of a sweep needs."""
    result = answer(shown)
    return {"result": result, "arms": ARM_TITLES, "name_of": lambda code: language(code).name if code else "all"}
