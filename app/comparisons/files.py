"""A finished comparison's files: JSON and CSV."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse

from app.comparisons.exports import METRICS, TOKENS, metric_rows, token_rows
from app.comparisons.service import find_comparison
from app.contracts.comparisons import CompareResult
from app.errors import Conflict
from app.web.deps import Db
from app.web.tabular import Cell, csv_pieces

router = APIRouter(prefix="/comparisons")


@router.get("/{comparison_id}.json", name="comparisons:json")
def document(comparison_id: str, db: Db) -> JSONResponse:
    """What was asked and what came out."""
    row = find_comparison(db, comparison_id).row
    return JSONResponse({"id": row.id, "name": row.name, "status": row.status, "spec": row.spec, "result": row.result})


@router.get("/{comparison_id}/metrics.csv", name="comparisons:metrics")
def metrics(comparison_id: str, db: Db) -> StreamingResponse:
    """The table of measures: a row a measure and role."""
    return _csv(METRICS, metric_rows(_result(db, comparison_id)), f"{comparison_id}-metrics.csv")


@router.get("/{comparison_id}/tokens.csv", name="comparisons:tokens")
def tokens(comparison_id: str, db: Db) -> StreamingResponse:
    """Every output token by token, and the numbers of the forced text."""
    return _csv(TOKENS, token_rows(_result(db, comparison_id)), f"{comparison_id}-tokens.csv")


def _result(db: Db, comparison_id: str) -> CompareResult:
    found = find_comparison(db, comparison_id)
    result = found.result
    if result is None:
        raise Conflict(f"The comparison “{found.row.name[:80]}” is {found.row.status} and has no answer yet.")
    return result


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(csv_pieces(header, rows), media_type="text/csv; charset=utf-8", headers=headers)
