"""An evaluation: questions asked of a model as it is, with neurons changed, and with random neurons changed."""

from typing import Literal

from pydantic import Field, model_validator

from app.contracts.base import Contract
from app.contracts.comparisons import Rate
from app.contracts.interventions import Controls, Intervention
from app.contracts.questions import UNSCORED
from app.contracts.sets import Measure, NeuronType

NORMAL, CHANGED, EVERY_LANGUAGE = "normal", "set", "*"
METRICS: dict[str, str] = {
    "em": "Exact match",
    "em_fixed": "Exact match, articles mended",
    "f1": "F1 (MKQA)",
    "f1_fixed": "F1, articles mended",
    "any_language": "Right in any language",
    "choice": "Choice by log-likelihood",
    "choice_norm": "Choice by log-likelihood per byte",
    "unparsed": "Without an answer",
    "wrong_language": "In another language",
}
GRADED = frozenset({"f1", "f1_fixed"})  # the others are right or wrong
ERRORS = frozenset({"unparsed", "wrong_language"})  # less is better


class PromptStyle(Contract):
    """How a question becomes a prompt: `{question}`, `{cue}` and `{choices}` in the template are filled in."""

    template: str = Field("{question} {cue}", max_length=4000)
    cues: dict[str, str] = Field(default_factory=dict, description="By language: what invites the answer.")
    one_mark: bool = Field(True, description="The question gets a question mark if it has none.")

    @model_validator(mode="after")
    def _with_question(self) -> "PromptStyle":
        if "{question}" not in self.template:
            raise ValueError("The template must hold {question}.")
        return self


class OwnTop(Contract):
    """Of every language its own best neurons in a run; the run's pivot has none."""

    run_id: str
    type: NeuronType = 1
    count: int = Field(ge=1)
    measure: Measure = "score"


class EvaluateSpec(Contract):
    """Ask questions in every language, of the model with and without an intervention on that language's neurons."""

    kind: Literal["evaluate"] = "evaluate"
    experiment_id: str
    model_id: str
    question_set_id: str
    languages: tuple[str, ...] = Field(min_length=1, max_length=64)
    sets: dict[str, str] = Field(
        default_factory=dict, description="Set by language; under * the one for languages without their own."
    )
    top: OwnTop | None = Field(None, description="What is changed in languages without a set.")
    preset: Literal["paper", "corrected", "custom"] = "corrected"
    style: PromptStyle = PromptStyle()
    limit: int | None = Field(None, ge=1, le=100_000, description="Questions a language, drawn at random; None: all.")
    seed: int = Field(42, ge=0, le=2**31 - 1)
    intervention: Intervention = Intervention(positions="prompt")
    controls: Controls = Controls()
    generate: bool = True
    choices: bool = Field(True, description="Rank the choices of questions that have some, by log-likelihood.")
    max_new_tokens: int = Field(10, ge=1, le=512)
    first_line: bool = Field(True, description="The answer is the first line; else all that was generated.")
    skip: tuple[str, ...] = Field(UNSCORED, description="Kinds of questions that are not asked.")
    block: int = Field(8, ge=1, le=256, description="Questions a piece; what a crash can cost.")
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    def set_of(self, language: str) -> str | None:
        """The set whose neurons are changed when questions in this language are asked."""
        return self.sets.get(language, self.sets.get(EVERY_LANGUAGE))


class Answer(Contract):
    """What came out under one condition: `normal`, `set`, or `control 0`, `control 1`, ..."""

    condition: str
    text: str = ""
    answer: str | None = Field(None, description="What was taken out of the text; None: nothing.")
    trace: tuple[str, ...] = Field((), description="How it was taken out, step by step.")
    language: str | None = None
    right_in: str | None = Field(None, description="The language in which the answer is right.")
    logprobs: tuple[float, ...] = Field((), description="Of every choice, in nats.")
    scores: dict[str, float] = Field(default_factory=dict, description="By metric, 0 to 1.")


class Item(Contract):
    """One question with the answers under all conditions."""

    key: str
    kind: str
    source: str
    question: str
    prompt: str
    golds: tuple[str, ...]
    choices: tuple[str, ...] = ()
    answers: tuple[Answer, ...]


class Cell(Contract):
    """One metric in one language: shares with 95 % intervals, paired differences, exact McNemar p of binary ones."""

    part: str = Field(description="Language, or * for all questions together; a task of the harness.")
    metric: str
    n: int
    normal: Rate
    changed: Rate | None = None
    control: Rate | None = None
    drop: Rate | None = Field(None, description="normal - changed")
    beyond: Rate | None = Field(None, description="control - changed: what the set does more than random neurons.")
    p: float | None = Field(None, description="McNemar, changed against normal.")
    p_control: float | None = Field(None, description="McNemar, changed against the first draw.")


class Threshold(Contract):
    """Mean F1 over the questions that the unchanged model answers with at least `least` (the paper's choice)."""

    part: str
    least: float
    n: int
    normal: float
    changed: float | None
    control: float | None


class EvaluateResult(Contract):
    """The table of an evaluation; the questions behind it are stored one by one."""

    parts: tuple[str, ...]
    metrics: tuple[str, ...]
    draws: int
    cells: tuple[Cell, ...]
    thresholds: tuple[Threshold, ...] = ()
    skipped: dict[str, dict[str, int]] = Field(default_factory=dict, description="By language and kind.")
    words: dict[str, str] = Field(default_factory=dict, description="By language: what was changed.")
    control_neurons: dict[str, tuple[tuple[tuple[int, int], ...], ...]] = Field(default_factory=dict)
    reported: dict[str, dict[str, dict[str, float]]] = Field(
        default_factory=dict, description="What lm-evaluation-harness itself reports, by task, condition and metric."
    )
    provenance: dict[str, str] = Field(default_factory=dict)
