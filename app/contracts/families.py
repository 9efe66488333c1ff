"""Shared neurons and related languages: overlap of the languages' best neurons, per layer, beside the family tree."""

from typing import Literal

from pydantic import Field

from app.contracts.base import Contract
from app.contracts.sets import Measure

# Arrays of the experiment; K languages in the order of the result (the pivot has no transfer neurons and is not one).
JACCARD = "families/{detector}/jaccard"  # float32 [K, K]
CHANCE = "families/{detector}/chance"  # float32 [K, K] mean Jaccard index of random sets of these sizes
COUNTS = "families/{detector}/counts"  # int32 [layers, K] neurons of the set in each layer
LAYER_JACCARD = "families/{detector}/layer_jaccard"  # float32 [layers, K, K]; 0 where both are empty
LAYER_CHANCE = "families/{detector}/layer_chance"  # float32 [layers, K, K]
DETECTORS = "families/detectors"  # float32 [K, D, D] Jaccard index of two detectors' sets of one language
DETECTORS_CHANCE = "families/detectors_chance"  # float32 [K, D, D]

DetectorName = Literal["type1", "type2", "eta2", "lape", "ap"]

DETECTOR_TITLES: dict[DetectorName, str] = {
    "type1": "Type-1",
    "type2": "Type-2",
    "eta2": "highest η²",
    "lape": "LAPE",
    "ap": "average precision",
}


class FamiliesSpec(Contract):
    """Compare the best neurons of every two languages of a run."""

    kind: Literal["families"] = "families"
    experiment_id: str
    run_id: str
    model_id: str
    measure: Measure = "score"
    top: int = Field(1000, ge=1, description="Neurons a language and detector; LAPE chooses its own number.")
    families: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    specificity_id: str | None = Field(None, description="Experiment whose average precision is a further detector.")
    permutations: int = Field(2000, ge=100, le=100_000)
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Merge(Contract):
    """One step of a clustering: two clusters (leaves count from 0, then merges) that join at a height of 0 to 1."""

    left: int
    right: int
    height: float


class Related(Contract):
    """Do related languages share more? Means over pairs, and the same when the languages are shuffled."""

    within: float | None = Field(description="Mean Jaccard index of pairs of one family; None without such a pair.")
    between: float | None
    difference: float | None
    low: float | None = Field(description="2.5 % quantile of the difference among shuffled families.")
    high: float | None = Field(description="97.5 % quantile.")
    p: float | None = Field(description="Share of shuffles with at least this difference (one added to both).")
    pairs_within: int
    pairs_between: int
    rank_correlation: float | None = Field(
        description="Spearman correlation of Jaccard index and common branches over all pairs; None if one is constant."
    )


class Detector(Contract):
    """One way to choose a language's neurons, and what its sets have in common."""

    name: DetectorName
    candidates: int = Field(description="Neurons it chooses from.")
    sizes: tuple[int, ...] = Field(description="Of each language's set.")
    mean: float | None = Field(description="Mean Jaccard index over all pairs of languages.")
    chance: float | None
    merges: tuple[Merge, ...] = Field(description="Average linkage of 1 - Jaccard index; empty for one language.")
    order: tuple[int, ...] = Field(description="Languages as the dendrogram has them from top to bottom.")
    cophenetic: float | None = Field(description="Correlation of the dendrogram's heights with the distances.")
    related: Related


class FamiliesResult(Contract):
    """The frame of the answer; matrices are the experiment's arrays."""

    languages: tuple[str, ...]
    layers: int
    neurons: int
    split: int
    top: int
    families: dict[str, tuple[str, ...]]
    lineages: dict[str, tuple[str, ...]]
    detectors: tuple[Detector, ...]
    lape_threshold: float = Field(description="Share of sentences above which a neuron counts as active for LAPE.")
