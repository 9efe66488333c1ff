"""What is done to neurons, where in the text, and against which controls."""

from typing import Literal

from pydantic import Field

from app.contracts.base import Contract

Positions = Literal["prompt_last", "prompt", "prompt_but_first", "generated", "all"]
Template = Literal["raw", "chat"]
Match = Literal["layer", "layer_and_size"]

POSITION_WORDS: dict[Positions, str] = {
    "prompt_last": "the last prompt token",
    "prompt": "all prompt tokens",
    "prompt_but_first": "all prompt tokens but the first",
    "generated": "generated tokens",
    "all": "prompt and generated tokens",
}


class Intervention(Contract):
    """A registered intervention by name with its parameters, and where in the text it acts.

    `run_id` names the run whose mean activations an intervention needs (mean over languages, transplant).
    """

    name: str = "zero"
    params: dict[str, float | int | str | bool] = Field(default_factory=dict)
    positions: Positions = "all"
    run_id: str | None = None


class Controls(Contract):
    """Random neurons to compare with: as many per layer as the set has, none of the set, `draws` times."""

    draws: int = Field(5, ge=0, le=100)
    match: Match = Field("layer", description="Also match activation size times value-vector length.")
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Sampling(Contract):
    """How text is generated: greedy at temperature 0, else `samples` sampled continuations with equal seeds a row."""

    max_new_tokens: int = Field(64, ge=1, le=2048)
    temperature: float = Field(0.0, ge=0, le=5)
    top_p: float = Field(1.0, gt=0, le=1)
    samples: int = Field(1, ge=1, le=50)
    seed: int = Field(0, ge=0, le=2**31 - 1)


class InterventionPreset(Contract):
    """A rule of the paper's experiments as a choice of positions, for forms."""

    name: str
    title: str
    positions: Positions


PAPER_RULES: tuple[InterventionPreset, ...] = (
    InterventionPreset(name="representation", title="Hidden states (paper)", positions="prompt_last"),
    InterventionPreset(name="questions", title="MKQA (paper)", positions="prompt_last"),
    InterventionPreset(name="reasoning", title="MMLU-ProX (paper)", positions="prompt"),
)
