"""Fine-tuning only the neurons of a set: the question, and what it did to every language."""

from typing import Literal

from pydantic import Field

from app.contracts.base import Contract

Trained = Literal["value_vectors", "all_rows"]
Condition = Literal["set", "random"]

DELTA_FILE = "file/delta-{condition}.safetensors"  # uint8 [bytes] the trained changes of one condition


class FineTuneSpec(Contract):
    """Train only the value vectors (and optionally gate and up rows) of a set on one language of a corpus.

    Beside it, equally many random neurons of the same layers are trained on the same text in the same order.
    """

    kind: Literal["finetune"] = "finetune"
    experiment_id: str
    model_id: str
    set_id: str
    corpus_id: str
    language: str = Field(description="Language of the training text.")
    languages: tuple[str, ...] = Field(min_length=1, description="Languages measured before and after.")
    rows: Trained = "value_vectors"
    steps: int = Field(200, ge=1, le=20_000)
    rate: float = Field(1e-3, gt=0, le=1, description="Learning rate of Adam, constant.")
    batch_tokens: int = Field(1024, ge=16, le=65_536)
    train_sentences: int = Field(400, ge=2, le=100_000)
    test_sentences: int = Field(100, ge=2, le=10_000, description="Held-out sentences a language.")
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Perplexity(Contract):
    """How well a language's held-out sentences are predicted: nats per token, with the paired change."""

    language: str
    sentences: int
    tokens: int
    before: float = Field(description="Mean negative log-likelihood per token of the untrained model, nats.")
    after: float
    low: float = Field(description="95 % bootstrap interval of after - before, sentences resampled.")
    high: float


class TrainedCondition(Contract):
    """One condition: what was trained, how the loss fell, and what it did to each language."""

    condition: Condition
    neurons: int
    parameters: int
    loss: tuple[float, ...] = Field(description="Training loss of each block of steps, nats per token.")
    languages: tuple[Perplexity, ...]
    change: float = Field(description="Length of the change over the length of what was trained.")


class FineTuneResult(Contract):
    """What training a set did, beside equally many random neurons of the same layers and beside nothing."""

    conditions: tuple[TrainedCondition, ...]
    steps: int
    recipe: dict[str, str]
    provenance: dict[str, str] = Field(default_factory=dict)
    seconds: float
