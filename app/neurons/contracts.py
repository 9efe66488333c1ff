"""What is known of neurons, as pages show it and the API answers it; layers and neurons count from 0."""

from pydantic import Field

from app.contracts.base import Contract


class NeuronRow(Contract):
    """One neuron in a table; null where nothing is known."""

    place: int = Field(description="Place in this table, from 1.")
    name: str
    layer: int
    neuron: int
    candidate: bool = Field(description="Whether the layer is among the candidates of this type.")
    detailed: bool = Field(description="Whether examples, tokens and histograms are stored.")
    score: float | None
    sd: float | None
    loo: float | None
    contrast: float | None
    eta2: float | None
    positive: float | None
    mean: float | None
    pivot: float | None


class NeuronTable(Contract):
    """One page of a table; `next` and `previous` are addresses of the pages behind and ahead."""

    run: str
    language: str
    type: int
    total: int
    rows: tuple[NeuronRow, ...]
    next: str | None
    previous: str | None


class Score(Contract):
    """A neuron's score for one language and type; `rank` among the type's candidates, null for no candidate."""

    language: str
    type: int
    candidate: bool
    rank: int | None
    candidates: int
    score: float | None
    sd: float | None
    loo: float | None
    contrast: float | None


class Activity(Contract):
    """How a neuron's activation is distributed over the sentences of one language."""

    language: str
    sentences: int
    tokens: int
    positive: float | None
    mean: float | None
    sd: float | None
    eta2: float | None


class Histogram(Contract):
    """Sentences of a language by activation: equal bins from `low` to `high`."""

    language: str
    low: float
    high: float
    counts: tuple[int, ...]


class TokenValue(Contract):
    """One token of an example and the neuron's activation there."""

    id: int
    bytes: str = Field(description="The token's bytes, hexadecimal.")
    value: float


class Example(Contract):
    """A sentence on which the neuron is most active."""

    language: str
    value: float
    sentence: int = Field(description="Id of the sentence.")
    source: str = Field(description="File and line of the corpus.")
    tokens: tuple[TokenValue, ...]


class WrittenToken(Contract):
    """A token of the vocabulary whose logit the neuron's value vector raises or lowers."""

    id: int
    bytes: str
    text: str
    script: str | None
    value: float


class Share(Contract):
    """The share of a language among tokens, and its share of the whole vocabulary; language null: of none."""

    language: str | None
    share: float
    base: float | None


class Written(Contract):
    """What the value vector does to the vocabulary in one direction."""

    tokens: tuple[WrittenToken, ...]
    languages: tuple[Share, ...]


class Similar(Contract):
    """Another neuron, by the cosine of the two value vectors."""

    name: str
    layer: int
    neuron: int
    cosine: float


class NeuronDetail(Contract):
    """What is stored of listed neurons only."""

    histograms: tuple[Histogram, ...]
    examples: tuple[Example, ...]
    promoted: Written
    suppressed: Written
    similar: tuple[Similar, ...]


class Neuron(Contract):
    """All that is known of one neuron; `detail` null where it was not computed."""

    run: str
    model: str
    name: str
    layer: int
    neuron: int
    scores: tuple[Score, ...]
    activity: tuple[Activity, ...]
    detail: NeuronDetail | None
