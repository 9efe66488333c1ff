"""Many outputs at once: a list of prompts, a dose-response, and which language's neurons matter to which language."""

from typing import Literal

from pydantic import Field, model_validator

from app.contracts.base import Contract
from app.contracts.interventions import Controls, Intervention, Template
from app.contracts.sets import Measure, NeuronType
from app.contracts.verdicts import Switch

Arm = Literal["normal", "set", "control", "type1", "type2", "control1", "control2"]
DOSES = (0, 10, 30, 100, 300, 1000, 3000)
MOST_PROMPTS = 500

ARM_TITLES: dict[Arm, str] = {
    "normal": "normal",
    "set": "set changed",
    "control": "random neurons",
    "type1": "Type-1",
    "type2": "Type-2",
    "control1": "random, as Type-1",
    "control2": "random, as Type-2",
}


class ListedPrompt(Contract):
    """A prompt and the language its answer should be in; None: the prompt's own, as far as it can be told."""

    text: str = Field(min_length=1, max_length=20_000)
    target: str | None = None


class PromptsSpec(Contract):
    """Continue every prompt of a list normally, with a set changed, and with random neurons changed."""

    kind: Literal["prompts"] = "prompts"
    experiment_id: str
    model_id: str
    set_id: str
    prompts: tuple[ListedPrompt, ...] = Field(min_length=1, max_length=MOST_PROMPTS)
    template: Template = "raw"
    intervention: Intervention = Intervention()
    controls: Controls = Controls(draws=3)
    max_new_tokens: int = Field(32, ge=1, le=1024)
    hints: tuple[str, ...] = Field((), description="Languages that outputs are likelier to be in.")
    block: int = Field(4, ge=1, le=64, description="Prompts a piece; what a crash can cost.")
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"


class _CorpusSpec(Contract):
    """What a sweep over languages of a run shares: its sentences are begun, continued by the model, and predicted."""

    experiment_id: str
    model_id: str
    run_id: str
    corpus_id: str
    languages: tuple[str, ...] = Field(min_length=1, max_length=64)
    measure: Measure = "score"
    intervention: Intervention = Intervention()
    controls: Controls = Controls(draws=1)
    prompts: int = Field(20, ge=0, le=1000, description="Sentences a language whose beginnings are continued.")
    sentences: int = Field(50, ge=0, le=10_000, description="Sentences a language whose perplexity is measured.")
    max_new_tokens: int = Field(24, ge=1, le=256)
    block: int = Field(4, ge=1, le=64, description="Prompts a piece; what a crash can cost.")
    batch_tokens: int = Field(2048, ge=16, le=262_144)
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    @model_validator(mode="after")
    def _something(self) -> "_CorpusSpec":
        if not self.prompts and not self.sentences:
            raise ValueError("Ask for prompts, or for sentences whose perplexity is measured, or for both.")
        return self


class DoseSpec(_CorpusSpec):
    """How the language of the output and perplexity change as more of a language's own neurons are changed."""

    kind: Literal["dose"] = "dose"
    doses: tuple[int, ...] = Field(DOSES, min_length=2, max_length=20)


class MatrixSpec(_CorpusSpec):
    """Which language suffers when a language's neurons are changed; controls are matched to each language's neurons."""

    kind: Literal["matrix"] = "matrix"
    ablated: tuple[str, ...] = Field(min_length=1, max_length=64)
    type: NeuronType = 2
    top: int = Field(100, ge=1)


class Measured(Contract):
    """A number with a 95 % bootstrap interval over prompts or sentences; no interval where there is one unit."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int = Field(description="Prompts or sentences that count.")


class Line(Contract):
    """What was measured in one language under one condition; controls are over all their draws."""

    language: str = Field(description="Of the prompts and sentences; of a list: the target, empty for all.")
    arm: Arm
    dose: int = Field(description="Neurons changed.")
    ablated: str = Field("", description="Whose neurons, where they are a language's.")
    outputs: int = Field(description="Outputs, draws counted apart.")
    undetermined: int = 0
    language_rate: Measured | None = None
    line_pass_rate: Measured | None = None
    word_pass_rate: Measured | None = None
    nats: Measured | None = Field(None, description="Negative log-likelihood per token; exp is perplexity.")
    change: Measured | None = Field(None, description="nats less the normal nats, paired by sentence.")


class Written(Contract):
    """One output in short."""

    arm: Arm
    dose: int
    ablated: str = ""
    draw: int = 0
    text: str
    language: str | None
    reason: str = ""
    in_target: bool | None
    line_pass: bool | None
    word_pass: bool | None
    switch: Switch | None = None


class Asked(Contract):
    """One prompt with its outputs; `target` is what they were judged by."""

    prompt: str
    target: str | None
    outputs: tuple[Written, ...]


class SweepResult(Contract):
    """Everything a finished sweep shows."""

    lines: tuple[Line, ...]
    asked: tuple[Asked, ...]
    edit: str = Field(description="In a sentence: what was changed, and where.")
    reached: int = Field(description="Neurons of the largest set whose activation was really replaced.")
    doses: tuple[int, ...] = Field((), description="As clipped to what the model has.")
    clipped: bool = False
    left_out: int = Field(0, description="Prompts of a list that are longer than the model can read.")
    seconds: float
    provenance: dict[str, str] = Field(default_factory=dict)
