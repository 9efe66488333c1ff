"""What an analysis leaves behind, beside its arrays: model cards, run summaries, map cards."""

from pydantic import Field

from app.contracts.base import Contract


class Parity(Contract):
    """The proof that a model is read correctly: the worker's self-check, made at every load."""

    passed: bool
    max_delta_logit: float = Field(description="Largest difference of any logit with and without our hooks.")
    residue: float = Field(description="Largest |stream + writes - block output| relative to the stream's length.")
    worst_layer: int
    allowed: float


class ModelCard(Contract):
    """What a model is, measured by the worker that loaded it."""

    architecture: str
    layers: int
    neurons: int = Field(description="Neurons per layer: input columns of the down projection.")
    hidden_size: int
    vocabulary: int
    parameters: int
    context: int
    dtype: str
    device: str
    revision: str | None = None
    weight_hash: str
    tokenizer_hash: str
    chat_template: bool = False
    tokens_per_second: float = Field(0.0, description="Of a bare forward pass, measured after loading; for estimates.")
    versions: dict[str, str] = Field(default_factory=dict)
    parity: Parity


class LanguageSummary(Contract):
    """How much of a language a run has read."""

    language: str
    sentences: int
    pairs: int
    tokens: int
    truncated: int = 0


class RunSummary(Contract):
    """The frame of a finished run: all a page needs before it opens an array."""

    layers: int
    neurons: int
    hidden_size: int
    split: int = Field(description="Layers below are Type-1 candidates, layers from here on Type-2 candidates.")
    languages: tuple[LanguageSummary, ...]
    card: ModelCard
    corpus_hash: str
    seconds: float
    versions: dict[str, str] = Field(default_factory=dict)
    maps: dict[str, "MapCard"] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def candidates(self, kind: int) -> range:
        """The layers whose neurons are candidates of Type-1 or Type-2."""
        return range(self.split) if kind == 1 else range(self.split, self.layers)


class MapCard(Contract):
    """One projection of a run: everything printed under the plot."""

    method: str
    title: str
    params: dict[str, float | int | str | bool] = Field(default_factory=dict)
    points: int
    levels: int
    bounds: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1: one box for all levels.")
    trustworthiness: tuple[float, ...]
    explained: tuple[float, ...] = ()
    seed: int


class MethodCard(Contract):
    """A scorer, intervention or projection that a worker offers, with the JSON schema of its parameters."""

    kind: str
    name: str
    title: str
    parameters: dict[str, object] = Field(default_factory=dict)


class Catalogue(Contract):
    """What a worker says it can do; stored with its lease, forms are drawn from it."""

    device: str
    architectures: tuple[str, ...]
    methods: tuple[MethodCard, ...]
    versions: dict[str, str] = Field(default_factory=dict)
