"""A list of prompts: the same comparison over many of them, from a form, or from sentences of a run's corpus."""

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select

from app.contracts.sweeps import MOST_PROMPTS, Arm, Line, ListedPrompt, Measured, PromptsSpec
from app.db.runs import FinishedRun
from app.db.sets import find_set, set_title, sets_of_model
from app.db.tables import Sentence
from app.errors import BadInput
from app.experiments.kind import Context, Desk, Kind, Shown, Table, Wanted
from app.experiments.run_fields import asked_run
from app.experiments.sweep_parts import (
    COLUMNS,
    PROMPT_TOKENS,
    answer,
    choices,
    draws,
    rows,
    seconds,
    shown_answer,
    zeroed,
)
from app.figures.figure import Figure
from app.figures.figure import Table as Numbers
from app.figures.ranges import Condition, Range, range_panel
from app.figures.style import Label
from app.text.identify import base
from app.text.languages import canonical
from app.text.plural import counted
from app.text.prompts import LONGEST, first_of_each, read_prompts
from app.text.readers.reading import CorpusFile

RATES = (
    ("language_rate", "In language", "share of outputs in the target language"),
    ("line_pass_rate", "LPR", "share of outputs whose every line is in the target language"),
    ("word_pass_rate", "WPR", "share of these without an English word"),
)
SHOWN = 100


class PromptsForm(BaseModel):
    """The fields of the form. Prompts come from `files` and lines of `prompts`, else from the run's corpus."""

    run: str = ""
    set: str = Field("", title="Neuron set")
    prompts: str = Field("", max_length=200_000, title="Prompts")
    files: list[CorpusFile] = Field(default_factory=list, title="Files of prompts")
    each: int | None = Field(None, ge=1, le=MOST_PROMPTS, title="Of each language at most")
    corpus: str = Field("", title="Language of the corpus")
    count: int = Field(20, ge=1, le=MOST_PROMPTS, title="Sentences of the corpus")
    target: str = Field("", max_length=35, title="Target language")
    template: Literal["raw", "chat"] = "raw"
    positions: Literal["prompt_last", "prompt", "prompt_but_first", "generated", "all"] = "all"
    draws: int = Field(3, ge=0, le=100, title="Control draws")
    max_new_tokens: int = Field(32, ge=1, le=1024, title="Longest answer")
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


class PromptsState(BaseModel):
    """Which outputs the table shows."""

    show: Literal["all", "switched"] = "all"


def fields(desk: Desk, form: PromptsForm) -> Context:
    """The sets of the run's model and the run's languages."""
    run = asked_run(desk, form.run)
    sets = [(row.id, set_title(row), row.size) for row in sets_of_model(desk.session, run.model.id)]
    return {**choices(run), "sets": sets, "most": MOST_PROMPTS}


def specify(desk: Desk, form: PromptsForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput without a set or a prompt, for too many, and for a target that is none."""
    run = asked_run(desk, form.run)
    if not form.set:
        raise BadInput("Choose a neuron set. Make one from the neuron table or on the page of sets.")
    chosen = find_set(desk.session, form.set)
    if chosen.row.model_id != run.model.id:
        raise BadInput(f"The set {chosen.title} is of another model than the run {run.name}. Choose one of its own.")
    prompts = _prompts(desk, run, form)
    spec = PromptsSpec(
        experiment_id=experiment_id,
        model_id=run.model.id,
        set_id=chosen.id,
        prompts=prompts,
        template=form.template,
        intervention=zeroed(form.positions),
        controls=draws(form.draws, form.seed),
        max_new_tokens=form.max_new_tokens,
        hints=tuple(dict.fromkeys((*run.spec.all_languages, *(one.target for one in prompts if one.target)))),
    )
    outputs = len(prompts) * (2 + form.draws)
    costs = (("Prompts", f"{len(prompts):,}, each {2 + form.draws} times"), ("Neurons", f"{chosen.row.size:,} zeroed"))
    return Wanted(
        spec,
        f"{counted(len(prompts), 'prompt')} with {chosen.title} switched off",
        run.model.id,
        run.id,
        (chosen.id,),
        seconds=seconds(run, outputs * form.max_new_tokens, outputs * PROMPT_TOKENS),
        costs=costs,
    )


def _prompts(desk: Desk, run: FinishedRun, form: PromptsForm) -> tuple[ListedPrompt, ...]:
    target = canonical(form.target) if form.target.strip() else None
    if target:
        base(target)
    typed = [(line.strip(), None) for line in form.prompts.splitlines() if line.strip()]
    long = next((number for number, (line, _) in enumerate(typed, 1) if len(line) > LONGEST), None)
    if long is not None:
        raise BadInput(f"Prompt {long} has more than {LONGEST:,} characters. Shorten it.")
    listed = [*_from_files(form), *typed]
    if not listed and form.corpus:
        return tuple(ListedPrompt(text=one, target=target or form.corpus) for one in _sentences(desk, run, form))
    if not listed:
        raise BadInput("Write prompts, one a line, choose a file of them, or choose a language of the corpus.")
    if len(listed) > MOST_PROMPTS:
        raise BadInput(
            f"A list has at most {MOST_PROMPTS} prompts; this one has {len(listed):,}. "
            "Say how many are taken of each language of the files, or give fewer."
        )
    return tuple(ListedPrompt(text=text, target=language or target) for text, language in listed)


def _from_files(form: PromptsForm) -> list[tuple[str, str | None]]:
    if not form.files:
        return []
    found = read_prompts(form.files)
    return [(one.text, one.language) for one in first_of_each(found, form.each or len(found))]


def _sentences(desk: Desk, run: FinishedRun, form: PromptsForm) -> list[str]:
    if form.corpus not in run.spec.all_languages:
        raise BadInput(f"“{form.corpus[:40]}” is no language of this run: {', '.join(run.spec.all_languages)}.")
    query = select(Sentence.text).where(Sentence.corpus_id == run.corpus.id, Sentence.language == form.corpus)
    return list(desk.session.scalars(query.order_by(Sentence.number.desc()).limit(form.count)))


def show(shown: Shown) -> Context:
    """Lines, and the prompts whose outputs are listed."""
    found = shown_answer(shown)
    result = answer(shown)
    switched = shown.state.model_dump()["show"] == "switched"
    asked = [one for one in result.asked if not switched or _switched(one.outputs)]
    used = find_set(shown.desk.session, PromptsSpec.model_validate(shown.spec).set_id)
    return {**found, "asked": asked[:SHOWN], "found": len(asked), "used": used, "rates": RATES}


def _switched(outputs: Any) -> bool:
    normal = next((one.in_target for one in outputs if one.arm == "normal"), None)
    return any(one.arm == "set" and one.in_target is not normal for one in outputs)


def figures(shown: Shown) -> list[Figure]:
    """The three rates of all prompts under the three conditions."""
    result = answer(shown)
    lines = {one.arm: one for one in result.lines if one.language == ""}
    named = [Label(title, "", "Latn", 0, "") for _, title, _ in RATES]
    looks: tuple[tuple[Arm, str, str, bool], ...] = (
        ("normal", "normal", "lang-0", False), ("set", "set changed", "type-1", False),
        ("control", "random neurons", "type-2", True),
    )  # fmt: skip
    conditions = [
        Condition(title, css, [_range(lines[arm], name) for name, _, _ in RATES], hollow=hollow)
        for arm, title, css, hollow in looks
        if arm in lines
    ]
    panel = range_panel(named, conditions, "All prompts", "share of outputs (0 to 1)")
    caption = (
        "In language: share of outputs whose language could be told that are in the target language. LPR: share whose "
        "every long enough line is in it. WPR: share of these without an English word, for targets not in Latin "
        "letters. 95 % bootstrap intervals over prompts; random neurons matched by layer, all draws together."
    )
    numbers = Numbers(COLUMNS, tuple(rows(lines.values())))
    return [Figure("rates", "Language of the answers", caption, (panel,), 1, numbers, 1)]


def _range(line: Line, name: str) -> Range | None:
    found: Measured | None = getattr(line, name)
    if found is None:
        return None
    low, high = (found.value if bound is None else bound for bound in (found.low, found.high))
    return Range(found.value, low, high)


def table(shown: Shown) -> Table:
    """A row an output."""
    header = ("prompt", "target", "condition", "draw", "output", "language", "in_target", "line_pass", "word_pass")
    return header, [
        (asked.prompt, asked.target, one.arm, one.draw, one.text, one.language, *map(_mark, (one.in_target,
         one.line_pass, one.word_pass)))
        for asked in answer(shown).asked
        for one in asked.outputs
    ]  # fmt: skip


def _mark(value: bool | None) -> str | None:  # noqa: FBT001 - a mark, no switch
    return None if value is None else "yes" if value else "no"


PROMPTS = Kind(
    name="prompts",
    title="List of prompts",
    question="How often does the answer leave its language when a set is switched off, over many prompts?",
    form=PromptsForm,
    specify=specify,
    table=table,
    show=show,
    fields=fields,
    figures=figures,
    state=PromptsState,
    styles=("sweeps.css",),
)
