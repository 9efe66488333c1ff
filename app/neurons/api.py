"""Neurons as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.contracts.ids import NeuronId
from app.neurons import detail, service
from app.neurons.columns import TableQuery
from app.neurons.contracts import Neuron, NeuronTable
from app.neurons.deps import Arrays, Orders, ScannedRun
from app.web.errors import REFUSED
from app.web.state import query_string

router = APIRouter(prefix="/runs/{run_id}/neurons", tags=["neurons"], responses=REFUSED)
Place = Annotated[int, Path(ge=0, le=10_000_000)]


@router.get("")
def table(run: ScannedRun, arrays: Arrays, orders: Orders, query: Annotated[TableQuery, Query()]) -> NeuronTable:
    """A page of the neuron table: any language and type, sorted by any column, filtered."""
    page = service.neuron_table(run, arrays, orders, query)
    address = f"/api/runs/{run.id}/neurons"
    return NeuronTable(
        run=run.id,
        language=page.query.language,
        type=page.query.type,
        total=page.total,
        rows=page.rows,
        next=address + query_string(query, after=page.after, before=None) if page.after else None,
        previous=address + query_string(query, before=page.before, after=None) if page.before else None,
    )


@router.get("/{layer}/{index}")
def neuron(run: ScannedRun, arrays: Arrays, layer: Place, index: Place) -> Neuron:
    """All that is known of one neuron."""
    return detail.read_neuron(run, arrays, NeuronId(layer, index))
