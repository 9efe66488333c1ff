"""How language-specific neurons are: every neuron against every language and family, and the best of each type."""

from typing import Literal

from pydantic import Field, field_validator

from app.contracts.base import Contract
from app.contracts.sets import Measure, NeuronType

# Arrays of the experiment. A label is a language of the run (pivot included) or `family/NAME`.
NEURONS = "specificity/{metric}/{label}"  # float32 [layers, F], for METRICS
METRICS: tuple[str, ...] = ("eta2", "auc", "ap")
FAMILY_LABEL = "family/{name}"
THRESHOLDS = (0.1, 0.25, 0.5)  # of eta squared: 6 %, 14 % are called medium and large; .1 and .25 are the paper's

Sample = Literal["run", "fresh"]


class SpecificitySpec(Contract):
    """Measure how far the activation of each neuron tells a language, or a family, from the others."""

    kind: Literal["specificity"] = "specificity"
    experiment_id: str
    run_id: str
    model_id: str
    measure: Measure = "score"
    tops: tuple[int, ...] = Field((10, 100, 1000), min_length=1, max_length=8)
    sentences: int = Field(500, ge=4, le=20_000, description="At most so many a language.")
    sample: Sample = Field("run", description="The run's own sentences, or others of its corpus.")
    families: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    resamples: int = Field(200, ge=20, le=5000)
    seed: int = Field(42, ge=0, le=2**31 - 1)
    block_sentences: int = Field(128, ge=2, le=4096, description="Sentences a piece; what a crash can cost.")
    batch_tokens: int = Field(2048, ge=16, le=262_144)

    @field_validator("tops")
    @classmethod
    def _ascending(cls, tops: tuple[int, ...]) -> tuple[int, ...]:
        if min(tops) < 1:
            raise ValueError("A number of neurons is at least 1.")
        return tuple(sorted(set(tops)))


class Interval(Contract):
    """A number with the 2.5 % and 97.5 % quantiles over resampled sentences, corrected for the resampling's bias."""

    value: float
    low: float | None = None
    high: float | None = None


class TopRow(Contract):
    """The `top` best neurons of a type and language, held against one label: its language, or its family."""

    type: NeuronType
    language: str
    top: int
    neurons: int = Field(description="As many as there were, at most `top`.")
    label: str
    eta2: Interval = Field(description="Mean eta squared.")
    medium: Interval = Field(description="Share with eta squared of .1 or more.")
    large: Interval = Field(description="Share with eta squared of .25 or more.")
    auc: float = Field(description="Mean area under the ROC curve; .5 is chance, below it the neuron is lower there.")
    ap: float = Field(description="Mean average precision; chance is the share of the label's sentences.")


class LabelRow(Contract):
    """Every neuron of the model against one label."""

    label: str
    sentences: int
    others: int
    eta2: float
    shares: tuple[float, ...] = Field(description="Of neurons with at least each of THRESHOLDS.")
    counts: tuple[tuple[int, ...], ...] = Field(description="[thresholds][layers] neurons with at least that.")
    significant: float = Field(description="The eta squared that p < .05 of an ANOVA asks for, at these numbers.")


class LayerRow(Contract):
    """By layer: how many of the largest top set of a type and language there are, and how many reach .1 and .25."""

    type: NeuronType
    language: str
    neurons: tuple[int, ...]
    medium: tuple[int, ...]
    large: tuple[int, ...]


class SpecificityResult(Contract):
    """The answer; the numbers of every neuron are the experiment's arrays."""

    languages: tuple[str, ...] = Field(description="Pivot first.")
    families: dict[str, tuple[str, ...]]
    labels: tuple[str, ...]
    layers: int
    neurons: int
    split: int
    sentences: dict[str, int]
    sample: Sample
    resamples: int
    top: tuple[TopRow, ...]
    every: tuple[LabelRow, ...]
    by_layer: tuple[LayerRow, ...]
