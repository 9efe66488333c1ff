"""A comparison: the same prompt normal, with neurons changed, and with random neurons changed."""

from typing import Literal

from pydantic import Field

from app.contracts.base import Contract
from app.contracts.interventions import Controls, Intervention, Sampling, Template
from app.contracts.verdicts import TextVerdict

Role = Literal["normal", "ablated", "control"]
Stop = Literal["end", "length", "context", "stopped"]


class CompareSpec(Contract):
    """Generate from one prompt with and without an intervention on a set, beside layer-matched random controls."""

    kind: Literal["compare"] = "compare"
    experiment_id: str
    model_id: str
    set_id: str
    prompt: str
    template: Template = "raw"
    intervention: Intervention = Intervention()
    controls: Controls = Controls()
    sampling: Sampling = Sampling()
    target: str | None = Field(None, description="Language the answer should be in; None: the prompt's.")
    lens_run: str | None = Field(None, description="Run whose languages and token lists the logit lens uses.")
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"


class Edit(Contract):
    """What an intervention really did in one row."""

    words: str = Field(description="In a sentence: what was edited, in which layers, at how many positions.")
    asked: int = Field(description="Neurons in the set.")
    reached: int = Field(description="Neurons whose activation was really replaced at one position at least.")
    prompt_positions: int
    generated_positions: int
    norm: float = Field(description="Mean over edited positions of |change of the stream| summed over layers.")


class Output(Contract):
    """One generated text. `tokens` are ids; `pieces` what each token shows, so that joined pieces give the text."""

    role: Role
    draw: int = Field(0, description="Which control draw, from 0.")
    sample: int = 0
    tokens: tuple[int, ...]
    pieces: tuple[str, ...]
    text: str
    stop: Stop
    verdict: TextVerdict
    edit: Edit | None = None
    diverges: int | None = Field(None, description="First token that differs from the normal output of that sample.")


class Candidate(Contract):
    """A token a run might have written, with its log probability in nats."""

    token: int
    piece: str
    logprob: float


class ForcedPosition(Contract):
    """Both runs' next-token distributions at one position of the same forced text, in nats."""

    token: int
    piece: str
    kl: float = Field(description="KL(normal || changed).")
    entropy: float
    entropy_changed: float
    logprob: float
    logprob_changed: float
    top: tuple[Candidate, ...]
    top_changed: tuple[Candidate, ...]


class Forced(Contract):
    """The normal output forced through normal and changed model: position by position."""

    role: Role = Field(description="Which changed run: ablated, or the first control draw.")
    positions: tuple[ForcedPosition, ...]


class LensRow(Contract):
    """Logit lens of one role: share of next-token mass by language and level, mean over generated positions."""

    role: Role
    languages: tuple[str, ...] = Field(description="The last entry may be `none`: tokens of no one language.")
    shares: tuple[tuple[float, ...], ...] = Field(description="[levels][languages]")
    entropy: tuple[float, ...] = Field(description="[levels] in nats")


class Rate(Contract):
    """A share with a 95 % interval over draws or samples."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int


class Metric(Contract):
    """One row of the table of metrics: the same measure for normal, ablated and controls."""

    name: str
    title: str
    normal: Rate | None
    ablated: Rate | None
    control: Rate | None


class CompareResult(Contract):
    """Everything a finished comparison shows."""

    prompt_tokens: tuple[int, ...]
    prompt_pieces: tuple[str, ...]
    prompt_text: str = Field(description="As the model got it, chat template applied.")
    outputs: tuple[Output, ...]
    forced: tuple[Forced, ...]
    lens: tuple[LensRow, ...] = ()
    metrics: tuple[Metric, ...]
    control_neurons: tuple[tuple[tuple[int, int], ...], ...] = Field(description="The neurons of every draw.")
    target: str | None
    seconds: float
    tokens_per_second: float
    provenance: dict[str, str] = Field(default_factory=dict)
    stopped: bool = False
