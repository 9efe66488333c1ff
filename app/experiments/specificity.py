"""Language specificity: the kind of experiment, its form, and what its page says."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, Field

from app.contracts.results import ModelCard
from app.contracts.sets import MEASURES, Measure
from app.contracts.specificity import THRESHOLDS, Sample, SpecificityResult, SpecificitySpec
from app.errors import BadInput
from app.experiments.kind import Desk, Kind, Shown, Table, Wanted
from app.experiments.published import PUBLISHED_SPECIFICITY, published_model
from app.experiments.run_fields import asked_run, families_from, families_text
from app.experiments.specificity_figures import SpecificityState, chosen_label, figures
from app.web.formatting import counted, size
from app.web.tabular import Cell

SAMPLES: dict[Sample, str] = {
    "run": "the sentences of the run",
    "fresh": "sentences of the corpus that the run has not read (held out)",
}
MANY = 8  # numbers of neurons at most


class SpecificityForm(BaseModel):
    """The fields of the form."""

    run: str = ""
    measure: Measure = "score"
    tops: str = Field("10 100 1000", title="Numbers of neurons", max_length=100)
    sentences: int = Field(500, ge=4, le=20_000, title="Sentences a language")
    sample: Sample = "run"
    families: str = Field("", max_length=20_000)
    resamples: int = Field(200, ge=20, le=5000, title="Resamples")
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")


def specify(desk: Desk, form: SpecificityForm, experiment_id: str) -> Wanted:
    """The job of a form. Raises BadInput, NotFound or Conflict."""
    run = asked_run(desk, form.run)
    spec = SpecificitySpec(
        experiment_id=experiment_id,
        run_id=run.id,
        model_id=run.model.id,
        measure=form.measure,
        tops=read_tops(form.tops),
        sentences=form.sentences,
        sample=form.sample,
        families=families_from(run, form.families),
        resamples=form.resamples,
        seed=form.seed,
    )
    card, read = run.summary.card, sum(min(form.sentences, one.sentences) for one in run.summary.languages)
    tokens = sum(
        min(form.sentences, one.sentences) * one.tokens / max(one.sentences, 1) for one in run.summary.languages
    )
    costs = (
        ("Reads", f"{counted(read, 'sentence')}, about {counted(round(tokens), 'token')}"),
        ("Disk while it runs", size(4.0 * read * card.layers * card.neurons)),
    )
    seconds = _seconds(run.model.card, tokens, read)
    return Wanted(spec, f"Specificity of {run.name}", run.model.id, run.id, seconds=seconds, costs=costs)


def _seconds(stored: dict[str, Any] | None, tokens: float, sentences: int) -> float | None:
    """Reading at the model's measured speed, then a second for every ten million activations to sort."""
    if stored is None:
        return None
    card = ModelCard.model_validate(stored)
    if card.tokens_per_second <= 0:
        return None
    return tokens / card.tokens_per_second + sentences * card.layers * card.neurons / 1e7


def read_tops(text: str) -> tuple[int, ...]:
    """Numbers written with spaces or commas between them. Raises BadInput."""
    words = text.replace(",", " ").split()
    if not 0 < len(words) <= MANY or not all(word.isdecimal() and 0 < int(word) < 10**9 for word in words):
        raise BadInput(f"Numbers of neurons: write one to {MANY} whole numbers, such as 10 100 1000.")
    return tuple(sorted({int(word) for word in words}))


def fields(desk: Desk, form: SpecificityForm) -> dict[str, Any]:
    """What the form shows beside its values."""
    run = asked_run(desk, form.run)
    return {
        "measures": MEASURES,
        "samples": SAMPLES,
        "families": families_text(run, form.families),
        "codes": run.spec.all_languages,
        "longest": max(one.sentences for one in run.summary.languages),
    }


def show(shown: Shown) -> dict[str, Any]:
    """What the page says around the figures: rows of the best neurons, every neuron, the paper's numbers."""
    result = SpecificityResult.model_validate(shown.result)
    model = published_model(shown.experiment.model.source)
    return {
        "result": result,
        "label": chosen_label(shown, result),
        "label_name": label_name,
        "alone": [f"family/{name}" for name, members in result.families.items() if len(members) == 1],
        "thresholds": THRESHOLDS,
        "samples": SAMPLES,
        "published": {key[1:]: value for key, value in PUBLISHED_SPECIFICITY.items() if key[0] == model},
        "published_model": model,
    }


def label_name(label: str) -> str:
    """A label as pages write it."""
    return label.removeprefix("family/")


def table(shown: Shown) -> Table:
    """The best neurons, and every neuron, against each label."""
    result = SpecificityResult.model_validate(shown.result)

    def rows() -> Iterator[Sequence[Cell]]:
        for row in result.top:
            intervals = [bound for one in (row.eta2, row.medium, row.large) for bound in (one.value, one.low, one.high)]
            yield (f"type{row.type}", row.language, row.top, row.neurons, label_name(row.label), *intervals, row.auc,
                   row.ap)  # fmt: skip
        everyone = result.layers * result.neurons
        for every in result.every:
            shares = (every.shares[0], None, None, every.shares[1], None, None)
            yield ("every", None, None, everyone, label_name(every.label), every.eta2, None, None, *shares, None, None)

    columns = ("neurons_of", "language", "top", "neurons", "label", "eta2", "eta2_low", "eta2_high", "share_10",
               "share_10_low", "share_10_high", "share_25", "share_25_low", "share_25_high", "auc", "ap")  # fmt: skip
    return columns, rows()


SPECIFICITY = Kind(
    name="specificity",
    title="Language specificity",
    question="How far does each neuron's activation tell one language, or one family, from the others?",
    form=SpecificityForm,
    specify=specify,
    table=table,
    show=show,
    fields=fields,
    figures=figures,
    state=SpecificityState,
)
