"""What the activations of chosen neurons are replaced by: [tokens, m] and the neurons' means in, [tokens, m] out.

The activations are what the down projection takes in.
"""

from typing import Annotated

from jaxtyping import Float
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from torch import Tensor

from worker.registry import Means, Params, intervention

Finite = Annotated[float, Field(allow_inf_nan=False)]

NEEDING_MEANS = frozenset({"mean", "transplant"})  # these read mean activations that a run has stored


class Language(Params):
    """Whose mean activations are put in."""

    language: str = Field("", description="The language whose mean activations are put in.")

    @model_validator(mode="after")
    def _named(self) -> "Language":
        if not self.language.strip():
            raise PydanticCustomError("no_language", "say which language the mean activations are taken from")
        return self


class Factor(Params):
    """By what activations are multiplied."""

    factor: Finite = Field(2.0, description="What each activation is multiplied by; 0 is zero, -1 turns it round.")


class Bounds(Params):
    """Between which numbers activations are kept."""

    low: Finite = Field(-1.0, description="Activations below are raised to this.")
    high: Finite = Field(1.0, description="Activations above are lowered to this.")

    @model_validator(mode="after")
    def _ordered(self) -> "Bounds":
        if self.low > self.high:
            raise PydanticCustomError("bounds", "the low bound is above the high one")
        return self


@intervention("zero", title="Zero", params=Params)
def zero(params: Params, activations: Float[Tensor, "*tokens m"], means: Means) -> Float[Tensor, "*tokens m"]:
    """Nothing is written any more."""
    return activations.new_zeros(activations.shape)


@intervention("mean", title="Mean over languages", params=Params)
def mean(params: Params, activations: Float[Tensor, "*tokens m"], means: Means) -> Float[Tensor, "*tokens m"]:
    """Each neuron's mean over the languages of a run, each language counted alike: no language is told any more."""
    return means.overall().to(activations).expand_as(activations)


@intervention("transplant", title="Mean of another language", params=Language)
def transplant(params: Language, activations: Float[Tensor, "*tokens m"], means: Means) -> Float[Tensor, "*tokens m"]:
    """Each neuron's mean over sentences of one language."""
    return means.of(params.language).to(activations).expand_as(activations)


@intervention("scale", title="Scale by a factor", params=Factor)
def scale(params: Factor, activations: Float[Tensor, "*tokens m"], means: Means) -> Float[Tensor, "*tokens m"]:
    """Multiplied."""
    return activations * params.factor


@intervention("clamp", title="Clamp between bounds", params=Bounds)
def clamp(params: Bounds, activations: Float[Tensor, "*tokens m"], means: Means) -> Float[Tensor, "*tokens m"]:
    """Kept between two bounds."""
    return activations.clamp(params.low, params.high)
