"""Logit lens and path of prompts: the form, and what its page says."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select

from app.contracts.interventions import POSITION_WORDS, Positions
from app.contracts.lens import MOST_PROMPTS, LensSpec
from app.contracts.results import ModelCard
from app.db.runs import FinishedRun
from app.db.sets import find_set, set_title, sets_of_model
from app.db.tables import Sentence
from app.errors import BadInput
from app.experiments.kind import Desk, Kind, Shown, Table, Wanted
from app.experiments.lens_figures import LensState, Source, figures
from app.experiments.run_fields import asked_run
from app.web.formatting import count, counted
from app.web.tabular import Cell

LONGEST = 20_000
LISTED = 100
PROMPT_TOKENS = 24  # of a prompt, for the forecast of the time
PLACES: tuple[Positions, ...] = ("prompt", "prompt_but_first", "prompt_last")


class LensForm(BaseModel):
    """The fields of the form. Prompts are lines of `prompts`, or sentences of the run's corpus in `corpus`."""

    run: str = ""
    set: str = Field("", title="Neuron set")
    prompts: str = Field("", max_length=400_000, title="Prompts")
    corpus: str = Field("", title="Language of the corpus")
    count: int = Field(20, ge=1, le=MOST_PROMPTS, title="Sentences of the corpus")
    target: str = Field("", max_length=35, title="Language followed")
    positions: Literal["prompt", "prompt_but_first", "prompt_last"] = "prompt"
    map: str = "pca"


def fields(desk: Desk, form: LensForm) -> dict[str, Any]:
    """The sets of the run's model, the run's languages and maps."""
    run = asked_run(desk, form.run)
    return {
        "sets": [(row.id, set_title(row), row.size) for row in sets_of_model(desk.session, run.model.id)],
        "languages": run.languages,
        "most": MOST_PROMPTS,
        "places": {key: POSITION_WORDS[key] for key in PLACES},
        "maps": {name: card.title for name, card in run.summary.maps.items()},
    }


def specify(desk: Desk, form: LensForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    if form.map not in run.summary.maps:
        raise BadInput(f"The run has no map “{form.map[:40]}”; it has {', '.join(run.summary.maps) or 'none'}.")
    chosen = find_set(desk.session, form.set) if form.set else None
    if chosen is not None and chosen.row.model_id != run.model.id:
        raise BadInput(f"The set {chosen.title} is of another model than the run {run.name}. Choose one of its own.")
    prompts = _prompts(desk, run, form)
    target = form.target or (form.corpus if not form.prompts.strip() else "")
    if target:
        _known(run, target)
    spec = LensSpec(
        experiment_id=experiment_id,
        run_id=run.id,
        model_id=run.model.id,
        set_id=None if chosen is None else chosen.id,
        prompts=prompts,
        target=target or None,
        positions=form.positions,
        map_method=form.map,
    )
    passes = len(prompts) * len(spec.conditions) * (1 if run.spec.settings.position == "last" else 2)
    card = None if run.model.card is None else ModelCard.model_validate(run.model.card)
    speed = card.tokens_per_second if card is not None else 0.0
    costs = [("Reads", f"{counted(passes, 'pass', 'passes')} over {counted(len(prompts), 'prompt')}")]
    if chosen is not None:
        costs.append(("Neurons", f"{count(chosen.row.size)} zeroed"))
    what = f"{len(prompts)} prompts" if len(prompts) > 1 else "a prompt"
    return Wanted(
        spec,
        f"Logit lens of {what}" + (f" with {chosen.title} switched off" if chosen is not None else ""),
        run.model.id,
        run.id,
        () if chosen is None else (chosen.id,),
        seconds=passes * PROMPT_TOKENS / speed if speed > 0 else None,
        costs=tuple(costs),
    )


def _known(run: FinishedRun, code: str) -> None:
    if code not in run.spec.all_languages:
        raise BadInput(f"“{code[:40]}” is no language of this run: {', '.join(run.spec.all_languages)}.")


def _prompts(desk: Desk, run: FinishedRun, form: LensForm) -> tuple[str, ...]:
    typed = tuple(line.strip() for line in form.prompts.splitlines() if line.strip())
    if not typed and form.corpus:
        _known(run, form.corpus)
        query = select(Sentence.text).where(Sentence.corpus_id == run.corpus.id, Sentence.language == form.corpus)
        return tuple(desk.session.scalars(query.order_by(Sentence.number).limit(form.count)))
    if not typed:
        raise BadInput("Write a prompt, or several, one a line; or choose a language of the corpus.")
    if len(typed) > MOST_PROMPTS:
        raise BadInput(f"A list has at most {MOST_PROMPTS} prompts; this one has {len(typed):,}.")
    long = next((number for number, line in enumerate(typed, 1) if len(line) > LONGEST), None)
    if long is not None:
        raise BadInput(f"Prompt {long} has more than {LONGEST:,} characters. Shorten it.")
    return typed


def show(shown: Shown) -> dict[str, Any]:
    """What the page says around the figures."""
    source = Source(shown)
    used = None if source.spec.set_id is None else find_set(shown.desk.session, source.spec.set_id)
    return {
        "result": source.result,
        "asked": source.spec,
        "used": used,
        "chosen": source.prompt,
        "prompts": list(enumerate(source.spec.prompts, 1))[:LISTED],
        "where": POSITION_WORDS[source.spec.positions],
    }


def table(shown: Shown) -> Table:
    """A row a prompt, condition and level."""
    source = Source(shown)

    def rows() -> Iterator[Sequence[Cell]]:
        for condition in source.result.conditions:
            shares, entropy, path = source.shares(condition), source.entropy(condition), source.path(condition)
            for row, prompt in enumerate(source.spec.prompts):
                for level in range(source.result.layers + 1):
                    place = (None, None) if path is None else path[row, level].tolist()
                    yield (row + 1, prompt, condition, level, float(entropy[row, level]),
                           *shares[row, level].tolist(), *place)  # fmt: skip

    header = ("prompt", "text", "condition", "level", "entropy", *(f"share_{one}" for one in source.result.languages))
    return (*header, "x", "y"), rows()


LENS = Kind(
    name="lens",
    title="Logit lens and path",
    question="In which language does the model think at every level of a prompt, and where does a set lead it?",
    form=LensForm,
    specify=specify,
    table=table,
    show=show,
    fields=fields,
    figures=figures,
    state=LensState,
)
