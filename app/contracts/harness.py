"""Tasks of lm-evaluation-harness, run with and without an intervention."""

from typing import Literal

from pydantic import Field

from app.contracts.base import Contract
from app.contracts.evaluations import OwnTop
from app.contracts.interventions import Controls, Intervention


class HarnessSpec(Contract):
    """Run tasks by their names in the harness: task files, prompts, filters and metrics are the harness's own."""

    kind: Literal["harness"] = "harness"
    experiment_id: str
    model_id: str
    tasks: tuple[str, ...] = Field(min_length=1, max_length=64)
    language: str | None = Field(
        None, description="Language of the tasks: whose neurons, and what answers should be in."
    )
    set_id: str | None = None
    top: OwnTop | None = None
    limit: int | None = Field(None, ge=1, le=100_000, description="Questions a task; None: all.")
    shots: int | None = Field(None, ge=0, le=64, description="Examples in the prompt; None: as the task has it.")
    intervention: Intervention = Intervention(positions="prompt")
    controls: Controls = Controls()
    batch_size: int = Field(8, ge=1, le=256)
    seed: int = Field(42, ge=0, le=2**31 - 1)
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"

    def set_of(self, language: str) -> str | None:
        """The set whose neurons are changed, whatever the language."""
        return self.set_id
