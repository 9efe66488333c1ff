"""A finished comparison as files: its measures and its tokens as CSV."""

from collections.abc import Iterator

from app.contracts.comparisons import CompareResult, ForcedPosition, Rate
from app.web.tabular import Cell

METRICS = ("metric", "title", "role", "value", "low", "high", "n")
TOKENS = (
    "role", "draw", "sample", "token", "id", "piece", "kl", "entropy", "entropy_changed", "logprob", "logprob_changed",
)  # fmt: skip


def metric_rows(result: CompareResult) -> Iterator[tuple[Cell, ...]]:
    """A row a measure and role."""
    for metric in result.metrics:
        for role in ("normal", "ablated", "control"):
            rate: Rate | None = getattr(metric, role)
            if rate is not None:
                yield metric.name, metric.title, role, rate.value, rate.low, rate.high, rate.n


def token_rows(result: CompareResult) -> Iterator[tuple[Cell, ...]]:
    """A row a token of every output; then the normal text again as `forced` rows, with what was measured on it."""
    for output in result.outputs:
        for place, (token, piece) in enumerate(zip(output.tokens, output.pieces, strict=True)):
            yield (output.role, output.draw, output.sample, place, token, piece, None, None, None, None, None)
    for forced in result.forced:
        for place, position in enumerate(forced.positions):
            yield (f"forced {forced.role}", 0, 0, place, position.token, position.piece, *_numbers(position))


def _numbers(position: ForcedPosition) -> tuple[float, ...]:
    return position.kl, position.entropy, position.entropy_changed, position.logprob, position.logprob_changed
