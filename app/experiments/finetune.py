"""Fine-tuning the neurons of a set: the form, the answer, its figure and the files of the trained changes."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.contracts.finetuning import FineTuneResult, FineTuneSpec, TrainedCondition
from app.contracts.results import ModelCard
from app.db.runs import FinishedRun, finished_run
from app.db.sets import find_set, set_title, sets_of_model
from app.errors import BadInput
from app.experiments.kind import Context, Desk, Kind, Shown, Table, Wanted
from app.figures.figure import Figure
from app.figures.figure import Table as Numbers
from app.figures.ranges import Condition, Range, range_panel
from app.figures.style import Label, labels
from app.text.languages import language
from app.text.plural import counted

CONDITIONS = {"set": ("the set", "type-1"), "random": ("random neurons", "type-2")}
TRAINING_COST = 3.0  # a step costs about three forward passes


class FineTuneForm(BaseModel):
    """Fields of the form; the run gives model, corpus and languages."""

    run: str = ""
    set: str = Field("", title="Neuron set")
    language: str = ""
    rows: Literal["value_vectors", "all_rows"] = "value_vectors"
    steps: int = Field(200, ge=10, le=20_000, title="Steps")
    rate: float = Field(1e-3, gt=0, le=1, title="Learning rate")
    batch_tokens: int = Field(1024, ge=16, le=65_536, title="Tokens a step")
    train_sentences: int = Field(400, ge=2, le=100_000, title="Training sentences")
    test_sentences: int = Field(100, ge=2, le=10_000, title="Held-out sentences")
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


def fields(desk: Desk, form: FineTuneForm) -> Context:
    """The sets of the run's model and the run's languages."""
    run = finished_run(desk.session, form.run)
    sets = [(row.id, set_title(row), row.size) for row in sets_of_model(desk.session, run.model.id)]
    return {"sets": sets, "languages": run.languages}


def specify(desk: Desk, form: FineTuneForm, experiment_id: str) -> Wanted:
    """Raises BadInput without a set or for a language the run does not have."""
    run = finished_run(desk.session, form.run)
    if not form.set:
        raise BadInput("Choose a neuron set. Make one from the neuron table or on the page of sets.")
    chosen = find_set(desk.session, form.set)
    if chosen.row.model_id != run.model.id:
        raise BadInput(f"The set {chosen.title} is of another model than the run {run.name}. Choose one of its own.")
    code = form.language or run.spec.languages[0]
    if code not in run.spec.all_languages:
        raise BadInput(f"“{code[:40]}” is no language of this run. It has: {', '.join(run.spec.all_languages)}.")
    spec = FineTuneSpec(
        experiment_id=experiment_id,
        model_id=run.model.id,
        set_id=chosen.id,
        corpus_id=run.corpus.id,
        language=code,
        languages=run.spec.all_languages,
        **form.model_dump(exclude={"run", "set", "language"}),
    )
    words = "value vectors" if form.rows == "value_vectors" else "value vectors, gate and up rows"
    return Wanted(
        spec,
        f"Fine-tuning {chosen.title} on {language(code).name}",
        run.model.id,
        run.id,
        (chosen.id,),
        seconds=_seconds(run, spec),
        costs=(
            ("Trained", f"{words} of {counted(chosen.row.size, 'neuron')}, twice"),
            ("Steps", f"{spec.steps:,} each"),
        ),
    )


def _seconds(run: FinishedRun, spec: FineTuneSpec) -> float | None:
    """From the model's speed: two trainings and three measurements of every language."""
    speed = ModelCard.model_validate(run.model.card).tokens_per_second if run.model.card else 0.0
    read = {one.language: one.tokens / max(one.sentences, 1) for one in run.summary.languages}
    tested = sum(read.values()) * spec.test_sentences * 3
    return (2 * TRAINING_COST * spec.steps * spec.batch_tokens + tested) / speed if speed else None


def _read(shown: Shown) -> tuple[FineTuneSpec, FineTuneResult]:
    return FineTuneSpec.model_validate(shown.spec), FineTuneResult.model_validate(shown.result)


def show(shown: Shown) -> Context:
    """What the answer says in words and lists in its table."""
    spec, result = _read(shown)
    by_name = {one.condition: one for one in result.conditions}
    return {
        "spec": spec,
        "fine": result,
        "trained": find_set(shown.desk.session, spec.set_id),
        "sentence": _sentence(spec, by_name["set"], by_name["random"]),
        "titles": {name: title for name, (title, _) in CONDITIONS.items()},
    }


def _sentence(spec: FineTuneSpec, ours: TrainedCondition, random: TrainedCondition) -> str:
    """The main finding, with its numbers."""
    one, two = (next(row for row in cond.languages if row.language == spec.language) for cond in (ours, random))
    gain, control = one.before - one.after, two.before - two.after
    apart = one.high < two.low or two.high < one.low
    verdict = "the intervals do not touch" if apart else "the intervals overlap"
    return (
        f"Training the set changed held-out {language(spec.language).name} by {-gain:+.3f} nats per token, "
        f"training equally many random neurons of the same layers by {-control:+.3f}: {verdict}."
    ).replace("by -", "by −")


def figures(shown: Shown) -> list[Figure]:
    """Change of the loss in every language, the set beside random neurons."""
    spec, result = _read(shown)
    named = labels([language(code) for code in spec.languages])
    conditions = [_condition(one, named) for one in result.conditions]
    title = f"What training on {language(spec.language).name} did to every language"
    caption = (
        f"Change of the negative log-likelihood per token of held-out sentences (nats; below 0 is better) after "
        f"{result.steps} steps on {language(spec.language).name}, with 95 % bootstrap intervals over sentences "
        f"(n = {min(row.sentences for row in result.conditions[0].languages)} a language or more). "
        "No translation of a held-out sentence was trained on."
    )
    panel = range_panel(named, conditions, "change of nats per token", "after − before")
    rows = tuple(tuple(row.values()) for row in _rows(result))
    numbers = Numbers(tuple(_rows(result)[0]), rows)
    return [Figure("change", title, caption, (panel,), 1, numbers, len(named))]


def _condition(one: TrainedCondition, named: tuple[Label, ...]) -> Condition:
    title, css = CONDITIONS[one.condition]
    found = {row.language: Range(row.after - row.before, row.low, row.high) for row in one.languages}
    return Condition(title, css, [found.get(label.code) for label in named], hollow=one.condition == "random")


def _rows(result: FineTuneResult) -> list[dict[str, Any]]:
    return [
        {"condition": one.condition, **row.model_dump(), "change": row.after - row.before}
        for one in result.conditions
        for row in one.languages
    ]


def table(shown: Shown) -> Table:
    """A row a condition and language."""
    rows = _rows(_read(shown)[1])
    return tuple(rows[0]), [tuple(row.values()) for row in rows]


FINETUNE = Kind(
    "finetune",
    "Fine-tune a set",
    "Does training only these neurons teach a language more than training equally many others?",
    FineTuneForm,
    specify,
    table,
    show,
    fields,
    figures,
)
