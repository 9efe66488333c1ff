"""What a job that generates text writes into its event log while it does: kinds `rows` and `token`."""

from app.contracts.base import Contract
from app.contracts.comparisons import Role

ROWS = "rows"  # StreamRows: first of all, and again whenever another worker starts anew
TOKEN = "token"  # noqa: S105 - StreamTokens: what was written since the event before


class StreamRow(Contract):
    """Which output a row of the batch is."""

    role: Role
    draw: int = 0
    sample: int = 0


class StreamRows(Contract):
    """An attempt begins; whatever an earlier attempt wrote is void."""

    attempt: int
    rows: tuple[StreamRow, ...]


class StreamPiece(Contract):
    """Text that a row was given, of so many tokens; texts of a row joined are its output."""

    row: int
    text: str
    tokens: int = 1


class StreamTokens(Contract):
    """About 40 ms of writing; void if its attempt is not the newest."""

    attempt: int
    pieces: tuple[StreamPiece, ...]
