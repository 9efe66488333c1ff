"""What a job is asked to do: one spec class a kind, and their union."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from app.contracts.base import Contract
from app.contracts.comparisons import CompareSpec
from app.contracts.evaluations import EvaluateSpec
from app.contracts.families import FamiliesSpec
from app.contracts.finetuning import FineTuneSpec
from app.contracts.geometry import GeometrySpec
from app.contracts.harness import HarnessSpec
from app.contracts.lens import LensSpec
from app.contracts.specificity import SpecificitySpec
from app.contracts.sweeps import DoseSpec, MatrixSpec, PromptsSpec

Position = Literal["last", "last_content", "mean"]
Type1Target = Literal["midpoint", "pivot", "all_languages"]
CandidateRule = Literal["fraction", "similarity_gap"]
Status = Literal["queued", "running", "complete", "failed", "cancelled"]

FINISHED: frozenset[str] = frozenset({"complete", "failed", "cancelled"})


class ScanSettings(Contract):
    """Every choice that changes a scan's numbers; stored with the run, so that a run can be repeated."""

    preset: Literal["paper", "corrected", "custom"] = "corrected"
    position: Position = Field("mean", description="Where in a sentence the model is read.")
    type1_target: Type1Target = Field("all_languages", description="Centroid that Type-1 neurons move towards.")
    final_norm: bool = Field(False, description="Centroid of the last layer after the final norm, as the paper's code.")
    crossfit: bool = Field(True, description="Score each half of the sentences against the other half's centroid.")
    deduplicate: bool = Field(True, description="Count a sentence once, however often the corpus repeats it.")
    centred: bool = Field(True, description="Remove each language's mean before dimension and nearest neighbours.")
    candidate_rule: CandidateRule = "fraction"
    candidate_fraction: float = Field(0.625, gt=0, lt=1, description="Share of the layers that hold Type-1 candidates.")
    max_sentences: int = Field(1000, ge=2, le=100_000, description="At most so many sentences (pairs) per language.")
    neighbours: int = Field(5, ge=1, le=100, description="k of the mutual nearest neighbours.")
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = Field(42, ge=0, le=2**31 - 1)
    shard_sentences: int = Field(128, ge=2, le=4096, description="Sentences a shard; what a crash can cost.")
    batch_tokens: int = Field(2048, ge=16, le=262_144, description="Tokens a forward pass, padding included.")
    detail_neurons: int = Field(
        1000, ge=0, le=20_000, description="Neurons per language and type with examples, tokens and histograms."
    )


PRESETS: dict[str, ScanSettings] = {
    "corrected": ScanSettings(),
    "paper": ScanSettings(
        preset="paper",
        position="last",
        type1_target="midpoint",
        final_norm=True,
        crossfit=False,
        deduplicate=False,
        centred=False,
        dtype="float32",
    ),
}


class ScanSpec(Contract):
    """Read a model on a corpus and score every neuron for every language."""

    kind: Literal["scan"] = "scan"
    run_id: str
    model_id: str
    corpus_id: str
    languages: tuple[str, ...] = Field(min_length=1, max_length=64)
    pivot: str
    settings: ScanSettings = ScanSettings()

    @model_validator(mode="after")
    def _pivot_apart(self) -> "ScanSpec":
        if self.pivot in self.languages:
            raise ValueError(f"The pivot {self.pivot} is compared with every language; take it out of the languages.")
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("A language is named twice.")
        return self

    @property
    def all_languages(self) -> tuple[str, ...]:
        """Pivot first, then the languages in the user's order: the order of every array over languages."""
        return (self.pivot, *self.languages)


class InspectSpec(Contract):
    """Load a model once, prove that the worker reads it correctly, and store its card."""

    kind: Literal["inspect"] = "inspect"
    model_id: str


class ProjectSpec(Contract):
    """Draw the stored states of a run in two dimensions with one more method."""

    kind: Literal["project"] = "project"
    run_id: str
    method: str
    params: dict[str, float | int | str | bool] = Field(default_factory=dict)


JobSpec = (
    ScanSpec
    | InspectSpec
    | ProjectSpec
    | CompareSpec
    | FamiliesSpec
    | FineTuneSpec
    | SpecificitySpec
    | GeometrySpec
    | PromptsSpec
    | DoseSpec
    | MatrixSpec
    | EvaluateSpec
    | HarnessSpec
    | LensSpec
)

job_spec: TypeAdapter[JobSpec] = TypeAdapter(Annotated[JobSpec, Field(discriminator="kind")])
