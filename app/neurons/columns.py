"""The columns of the neuron table, and the query that picks, filters and sorts its rows."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.contracts import arrays as names
from app.contracts.ids import NeuronId
from app.errors import BadInput

ColumnKey = Literal[
    "neuron", "score", "sd", "loo", "contrast", "eta2", "positive", "mean", "pivot", "candidate"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its array by name with {type} and {language}, of the pivot when `of_pivot`; no array: worked out."""

    key: ColumnKey
    title: str
    meaning: str
    array: str | None = None
    of_pivot: bool = False
    signed: bool = False

    def array_name(self, kind: int, language: str, pivot: str) -> str | None:
        """The name of this column's array, or None for a column that is worked out from the neuron's place."""
        return self.array and self.array.format(type=kind, language=pivot if self.of_pivot else language)


COLUMNS: tuple[Column, ...] = (
    Column("neuron", "Neuron", "Layer and neuron, both from 0, in the order of the model."),
    Column("score", "Score", "Mean gain in closeness to the target that this neuron's write brings.", names.SCORE,
           signed=True),
    Column("sd", "sd", "Standard deviation of the score over sentences.", names.SCORE_SD),
    Column("loo", "Leave-one-out", "Closeness of the block's output lost when this neuron's write is left out.",
           names.SCORE_LOO, signed=True),
    Column("contrast", "Contrast", "Score on the language's sentences minus score on their pivot translations.",
           names.SCORE_CONTRAST, signed=True),
    Column("eta2", "η²", "Share of the activation's variance explained by “this language or another”.", names.ETA2),
    Column("positive", "Share > 0", "Share of the language's sentences that activate the neuron above 0.",
           names.ACTIVATION_POSITIVE),
    Column("mean", "Mean", "Mean activation on the language's sentences.", names.ACTIVATION_MEAN, signed=True),
    Column("pivot", "Mean of pivot", "Mean activation on the pivot's sentences.", names.ACTIVATION_MEAN, of_pivot=True,
           signed=True),
    Column("candidate", "Candidate", "Whether the layer is among the candidates of this type."),
)  # fmt: skip
COLUMN: dict[str, Column] = {column.key: column for column in COLUMNS}


def _ticked(name: str) -> str | None:
    try:
        neuron = NeuronId.parse(name)
    except BadInput:
        return None
    return f"{neuron.layer}.{neuron.index}"


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


Blank = BeforeValidator(_blank_is_none)
OptionalNumber = Annotated[Annotated[float, Field(allow_inf_nan=False)] | None, Blank]
OptionalLayer = Annotated[Annotated[int, Field(ge=0, le=9999)] | None, Blank]


class TableQuery(BaseModel):
    """What the address of a neuron table says; unknown keys are ignored, defaults are left out of addresses."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    language: str = Field("", max_length=35, description="Whose scores; empty: the first language of the run.")
    type: int = Field(1, ge=1, le=2, description="1: from the language to the shared space; 2: from there back.")
    sort: ColumnKey = Field("score", description="Column the rows are sorted by; equal ones by layer, then neuron.")
    dir: Literal["desc", "asc"] = Field("desc", description="Largest or smallest first; missing values are last.")
    first: OptionalLayer = Field(None, description="First layer, from 0.")
    last: OptionalLayer = Field(None, description="Last layer, included.")
    every: bool = Field(False, description="Layers that are no candidates of this type as well.")
    min_score: OptionalNumber = Field(None, description="Rows with at least this score.")
    min_eta2: OptionalNumber = Field(None, description="Rows with at least this η².")
    min_positive: OptionalNumber = Field(None, description="Rows with at least this share of activating sentences.")
    details: bool = Field(False, description="Only neurons with stored examples, tokens and histograms.")
    after: str = Field("", max_length=60, description="Rows behind this one: value~layer~neuron, as given with a page.")
    before: str = Field("", max_length=60, description="Rows ahead of this one.")
    neurons: tuple[Annotated[str, Field(max_length=40)], ...] = Field(
        (), max_length=1000, description="Neurons that are ticked, as layer.neuron; they change no row."
    )

    @property
    def ticked(self) -> frozenset[str]:
        """The ticked neurons that can be read, as layer.neuron."""
        found = (_ticked(name) for name in self.neurons)
        return frozenset(name for name in found if name is not None)
