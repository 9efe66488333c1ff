"""Logit lens: what a model would say at every level of a prompt, normally and with a set zeroed; and its path."""

from typing import Literal

from pydantic import Field, model_validator

from app.contracts.base import Contract
from app.contracts.interventions import Positions

MOST_PROMPTS = 500

# Arrays of the experiment; condition is `normal` or `set`, K the languages of the run, pivot first, and last `none`.
SHARES = "lens/shares/{condition}"  # float32 [prompts, levels, K + 1] next-token mass by language
ENTROPY = "lens/entropy/{condition}"  # float32 [prompts, levels] in nats
BANDS = "lens/bands/{condition}"  # float32 [2, 3, levels] entropy and target mass: mean, low, high over prompts
PATH = "lens/path/{condition}"  # float32 [prompts, levels, 2] on the run's map
CENTROIDS = "lens/centroids"  # float32 [levels, K, 2] of the languages' clouds on the run's map

Condition = Literal["normal", "set"]


class LensSpec(Contract):
    """Read prompts normally, and with a set zeroed; at each level the state of the last token is unembedded."""

    kind: Literal["lens"] = "lens"
    experiment_id: str
    run_id: str
    model_id: str
    set_id: str | None = Field(None, description="Neurons set to zero in the second condition; None for no second.")
    prompts: tuple[str, ...] = Field(min_length=1, max_length=MOST_PROMPTS)
    target: str | None = Field(None, description="Language of the run whose mass is followed.")
    positions: Positions = Field("prompt", description="Tokens of a prompt at which the neurons are zeroed.")
    map_method: str = Field("pca", description="Map of the run that the path is drawn into.")
    block_prompts: int = Field(16, ge=1, le=512, description="Prompts a piece; what a crash can cost.")
    batch_tokens: int = Field(2048, ge=16, le=262_144)

    @model_validator(mode="after")
    def _of_the_prompt(self) -> "LensSpec":
        if self.positions in ("generated", "all"):
            raise ValueError("Nothing is generated here: choose positions of the prompt.")
        return self

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions in order."""
        return ("normal",) if self.set_id is None else ("normal", "set")


class LensResult(Contract):
    """The frame of the answer; its numbers are in the experiment's arrays."""

    conditions: tuple[Condition, ...]
    languages: tuple[str, ...] = Field(description="Pivot first; the last is `none`: tokens the run never read.")
    layers: int
    target: str | None
    neurons: int = Field(description="Neurons zeroed in the second condition.")
    position: str = Field(description="Where in a prompt its path is read: the run's own position.")
    mapped: str | None = Field(description="Title of the map that paths are drawn into; None for none.")
    no_map: str = Field("", description="Why there is none.")
    seconds: float
