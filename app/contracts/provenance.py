"""Where numbers come from: everything a reader needs to make them again."""

from datetime import datetime

from pydantic import Field

from app.contracts.base import Contract


class Provenance(Contract):
    """Model, text, choices and software behind a result; empty where the result has no such thing."""

    model: str = Field(description="Hub id or folder name of the model.")
    revision: str = ""
    architecture: str = ""
    weight_hash: str = ""
    tokenizer_hash: str = ""
    dtype: str = ""
    device: str = ""
    corpus: str = ""
    corpus_hash: str = ""
    seed: int | None = None
    positions: str = Field("", description="Where in the text the model was read or changed, in words.")
    versions: dict[str, str] = Field(default_factory=dict)
    software: str = Field(description="This software and its version.")
    made: datetime | None = Field(None, description="When the result was finished.")
    more: dict[str, str] = Field(default_factory=dict, description="Further facts by their title.")

    @property
    def model_at(self) -> str:
        """The model and the beginning of its revision, as preview pictures sign."""
        return f"{self.model} @ {self.revision[:10]}" if self.revision else self.model
