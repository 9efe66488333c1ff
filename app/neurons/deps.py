"""What the neuron endpoints ask for: a finished run, its arrays, the sorted orders kept in memory."""

from typing import Annotated

from fastapi import Depends, Request

from app.db.runs import FinishedRun, finished_run
from app.neurons.orders import OrderCache
from app.neurons.source import RunArrays
from app.web.deps import Cache, Db


def get_run(run_id: str, db: Db) -> FinishedRun:
    """The run of the address. Raises NotFound, or Conflict while it has no numbers."""
    return finished_run(db, run_id)


ScannedRun = Annotated[FinishedRun, Depends(get_run)]


async def get_arrays(run: ScannedRun, db: Db, cache: Cache) -> RunArrays:
    """The arrays of the run of the address."""
    return RunArrays(db, cache, run)


async def get_orders(request: Request) -> OrderCache:
    """The sorted orders kept in memory."""
    orders: OrderCache = request.app.state.orders
    return orders


Arrays = Annotated[RunArrays, Depends(get_arrays)]
Orders = Annotated[OrderCache, Depends(get_orders)]
