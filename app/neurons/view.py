"""A neuron's page prepared for its template: drawings, coloured text, and what is shown first."""

from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from app.contracts.ids import NeuronId
from app.db.runs import FinishedRun
from app.neurons import drawings, heat
from app.neurons.contracts import Activity, Example, Histogram, Neuron, NeuronRow, Score
from app.web.formatting import significant

CONTINUE_ROWS = 1_000
EXAMPLES_AT_ONCE = 24

Profile = Literal["positive", "mean", "sd"]
PROFILES: tuple[tuple[Profile, str, str], ...] = (
    ("positive", "Share > 0", "Share of the language's sentences whose activation is above 0."),
    ("mean", "Mean", "Mean activation over the language's sentences."),
    ("sd", "sd", "Standard deviation of the activation over the language's sentences."),
)


class NeuronQuery(BaseModel):
    """What the address of a neuron's page says; unknown keys are ignored, defaults left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    language: str = Field("", max_length=35, description="The language that the reader comes from.")
    type: int = Field(1, ge=1, le=2, description="Which of its two scores the reader comes from.")
    profile: Profile = Field("positive", description="What the bars of the language profile show.")
    of: str = Field("", max_length=35, description="Examples of this language only; empty: of all.")


@dataclass(frozen=True, slots=True)
class Bar:
    """A language of the profile: its place in the run's languages, its numbers, its bar."""

    index: int
    activity: Activity
    value: float | None
    drawing: Markup


@dataclass(frozen=True, slots=True)
class Texts:
    """The examples of one language; `silent` if no sentence of it activates the neuron above 0."""

    index: int
    activity: Activity
    examples: tuple[tuple[Example, list[heat.Span]], ...]
    more: int
    silent: bool


@dataclass(frozen=True, slots=True)
class NeuronView:
    """All that the template shows beside the numbers themselves."""

    best: Score | None
    bars: tuple[Bar, ...]
    histograms: tuple[tuple[int, Histogram, Markup], ...]
    texts: tuple[Texts, ...]
    full: float
    silent: bool
    strip: Markup
    counts: list[int]
    previous: NeuronId | None
    following: NeuronId | None
    tokens_read: int


def number_cells(row: NeuronRow) -> Markup:
    """A table row's cells of numbers; a loop in the template would take most of the time of the page."""
    values = (row.score, row.sd, row.loo, row.contrast, row.eta2, row.positive, row.mean, row.pivot)
    cells = (
        '<td class="n none">–</td>' if value is None else f'<td class="n" title="{value:.9g}">{significant(value)}</td>'
        for value in values
    )
    return Markup("".join(cells))  # noqa: S704 - numbers alone


def neuron_view(run: FinishedRun, neuron: Neuron, query: NeuronQuery, counts: list[int]) -> NeuronView:
    """Prepare the page; `counts` neurons with details per layer."""
    detail = neuron.detail
    histograms = detail.histograms if detail else ()
    similar = {other.layer for other in detail.similar} if detail else set()
    texts = _texts(neuron, query)
    return NeuronView(
        best=min((one for one in neuron.scores if one.rank is not None), key=_rank, default=None),
        bars=_bars(neuron, query.profile),
        histograms=tuple((i, one, drawings.histogram(one)) for i, one in enumerate(histograms)),
        texts=texts,
        full=heat.reach(detail.examples) if detail else 0.0,
        silent=all(one.silent for one in texts),
        strip=drawings.layer_strip(counts, run.summary.split, neuron.layer, similar),
        counts=counts,
        previous=_neighbour(run, neuron, -1),
        following=_neighbour(run, neuron, 1),
        tokens_read=sum(one.tokens for one in run.summary.languages),
    )


def _rank(score: Score) -> int:
    return score.rank or 0


def _bars(neuron: Neuron, profile: Profile) -> tuple[Bar, ...]:
    values: list[float | None] = [getattr(one, profile) for one in neuron.activity]
    return tuple(
        Bar(i, one, value, drawings.value_bar(value, values))
        for i, (one, value) in enumerate(zip(neuron.activity, values, strict=True))
    )


def _texts(neuron: Neuron, query: NeuronQuery) -> tuple[Texts, ...]:
    """Languages with examples, the most active first; of all languages only a few examples each."""
    if neuron.detail is None:
        return ()
    full = heat.reach(neuron.detail.examples)
    most = EXAMPLES_AT_ONCE if query.of else max(1, EXAMPLES_AT_ONCE // (2 * len(neuron.activity)))
    found = []
    for i, activity in enumerate(neuron.activity):
        if query.of and activity.language != query.of:
            continue
        own = [one for one in neuron.detail.examples if one.language == activity.language]
        silent = not any(one.value > 0 for one in own)
        shown = tuple((one, heat.spans(one.tokens, full)) for one in own[:most])
        found.append(Texts(i, activity, () if silent else shown, max(0, len(own) - most), silent))
    return tuple(sorted(found, key=_strongest, reverse=True))


def _strongest(texts: Texts) -> float:
    return max((example.value for example, _ in texts.examples), default=float("-inf"))


def _neighbour(run: FinishedRun, neuron: Neuron, step: int) -> NeuronId | None:
    place = neuron.layer * run.summary.neurons + neuron.neuron + step
    if not 0 <= place < run.summary.layers * run.summary.neurons:
        return None
    return NeuronId(*divmod(place, run.summary.neurons))
