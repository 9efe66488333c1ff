"""Where a neuron set comes from: one origin class a way to make one, and their union."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from app.contracts import arrays as names
from app.contracts.base import Contract

NeuronType = Literal[1, 2]
Measure = Literal["score", "score_loo", "score_contrast"]
Operation = Literal["and", "or", "minus", "xor"]
MEASURES: dict[Measure, str] = {
    "score": "score",
    "score_loo": "leave-one-out score",
    "score_contrast": "contrast with the pivot",
}
MEASURE_ARRAYS: dict[Measure, str] = {
    "score": names.SCORE,
    "score_loo": names.SCORE_LOO,
    "score_contrast": names.SCORE_CONTRAST,
}


class TopOrigin(Contract):
    """The best neurons of a run by one measure: `count` of them, or `share` of the candidates (0 to 1)."""

    kind: Literal["top"] = "top"
    run_id: str
    language: str
    type: NeuronType
    measure: Measure = "score"
    count: int | None = Field(None, ge=1)
    share: float | None = Field(None, gt=0, le=1)
    first_layer: int | None = Field(None, ge=0)
    last_layer: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _count_or_share(self) -> "TopOrigin":
        if (self.count is None) == (self.share is None):
            raise ValueError("Give a number of neurons or a share of the candidates, not both.")
        return self


class PickedOrigin(Contract):
    """Neurons a person named or ticked; `run_id` is the run whose table they were ticked in."""

    kind: Literal["picked"] = "picked"
    run_id: str | None = None


class ImportedOrigin(Contract):
    """Neurons read from a file, in one of the formats the reader names."""

    kind: Literal["imported"] = "imported"
    file: str
    format: str
    part: str = Field("", description="Which part of the file, for example the language of a list of languages.")


class CombinedOrigin(Contract):
    """Two sets of models of equal shape, combined."""

    kind: Literal["combined"] = "combined"
    left: str
    right: str
    operation: Operation


SetOrigin = TopOrigin | PickedOrigin | ImportedOrigin | CombinedOrigin

set_origin: TypeAdapter[SetOrigin] = TypeAdapter(Annotated[SetOrigin, Field(discriminator="kind")])

SET_NEURONS = "set/neurons"  # int32 [n, 2] layer and neuron, ascending, each once; the array of every set
