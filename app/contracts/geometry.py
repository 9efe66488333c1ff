"""Geometry under intervention: how near the languages lie when a language's transfer neurons are set to zero."""

from typing import Literal

from pydantic import Field, model_validator

from app.contracts.base import Contract
from app.contracts.interventions import Positions
from app.contracts.sets import Measure, NeuronType

# Arrays of the experiment. Conditions of a type and language, in this order: normal, its own neurons zeroed, each
# random draw, and (if asked for) the neurons of every other language, in the languages' order.
LEVELS = "geometry/levels/{type}/{language}"  # float32 [conditions, LEVEL_METRICS, levels]
LAYERS = "geometry/layers/{type}/{language}"  # float32 [conditions, LAYER_METRICS, layers]
COSINES = "geometry/cosines/{condition}"  # float32 [levels, K, K] pivot first; normal, type1, type2, random1, random2
NEURONS = "geometry/neurons/{type}/{language}"  # int32 [n, 2] layer and neuron, ascending
MAP_BEFORE = "geometry/map/normal/{language}"  # float32 [levels, n, 2] in the map's units
MAP_AFTER = "geometry/map/{type}/{language}"  # float32 [levels, n, 2] own neurons zeroed
SENTENCES = "geometry/sentences/{language}"  # int64 [n] ids of the sentences read, parallel to the pivot's

ON_MAP = "{experiment}.{language}.{type}"  # MAP_AFTER in the address of the run's map: its overlay

LEVEL_METRICS: tuple[str, ...] = (
    "parallel",  # mean cosine of translations
    "nonparallel",  # mean cosine of sentences of different meaning
    "gap",  # parallel - nonparallel
    "mutual_knn",
    "retrieval",  # share of sentences whose nearest pivot sentence is their translation
    "centroid_cosine",  # of the language's centroid and the pivot's
    "shift",  # mean length of the change of a state over the mean length of the state
)
LAYER_METRICS: tuple[str, ...] = (
    "activation_parallel",  # mean cosine of the activation patterns of translations
    "activation_nonparallel",
    "written",  # mean length of what the zeroed neurons write where the model is read, over that of the layer's output
)


class GeometrySpec(Contract):
    """Read each language with its own neurons zeroed, with random ones, with other languages'; the pivot untouched."""

    kind: Literal["geometry"] = "geometry"
    experiment_id: str
    run_id: str
    model_id: str
    types: tuple[NeuronType, ...] = Field((1, 2), min_length=1, max_length=2)
    measure: Measure = "score"
    top: int = Field(1000, ge=1, description="Neurons of each language and type.")
    draws: int = Field(20, ge=0, le=200, description="Layer-matched random draws.")
    cross: bool = Field(True, description="Also every language with the neurons of every other.")
    positions: Positions = Field("prompt_but_first", description="Tokens at which the neurons are zeroed.")
    sentences: int = Field(200, ge=2, le=5000, description="At most so many pairs a language.")
    map_method: str | None = Field("pca", description="Map of the run that changed states are drawn into.")
    seed: int = Field(42, ge=0, le=2**31 - 1)
    block_sentences: int = Field(64, ge=2, le=4096, description="Sentences of a normal piece.")
    batch_tokens: int = Field(2048, ge=16, le=262_144)

    @model_validator(mode="after")
    def _each_type_once(self) -> "GeometrySpec":
        if len(set(self.types)) != len(self.types) or self.positions == "generated":
            raise ValueError("Name each type once, and positions of the sentence.")
        return self

    def conditions(self, language: str, languages: tuple[str, ...]) -> tuple[str, ...]:
        """The conditions of a language in the order of its arrays: `normal`, `own`, `draw/N`, `from/LANGUAGE`."""
        draws = tuple(f"draw/{draw}" for draw in range(self.draws))
        others = tuple(f"from/{other}" for other in languages if other != language) if self.cross else ()
        return ("normal", "own", *draws, *others)


class LanguageGeometry(Contract):
    """One language and type in brief; means over the levels behind candidate layers."""

    type: NeuronType
    language: str
    pairs: int
    neurons: int
    edit: float = Field(description="Sum over layers of `written`, own neurons.")
    random_edit: float | None = Field(description="The same, mean over random draws.")
    random_edit_low: float | None
    random_edit_high: float | None


class GeometryResult(Contract):
    """The frame of the answer; every number over levels is in the experiment's arrays."""

    languages: tuple[str, ...] = Field(description="Without the pivot.")
    pivot: str
    types: tuple[NeuronType, ...]
    layers: int
    split: int
    neighbours: int
    draws: int
    conditions: dict[str, tuple[str, ...]] = Field(description="Of each language, in the order of its arrays.")
    brief: tuple[LanguageGeometry, ...]
    mapped: str | None = Field(description="Method of the map that changed states are drawn into; None for none.")
    no_map: str = Field("", description="Why there is none.")
    position: str = Field(description="Where in a sentence the model was read.")
