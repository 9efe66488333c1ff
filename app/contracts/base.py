"""The base of every contract: frozen, and closed to unknown fields."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A message between processes: immutable, refuses fields it does not know, never holds NaN by accident."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
