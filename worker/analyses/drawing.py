"""Maps: the stored states of a run in two dimensions, by any projection the worker offers."""

import math
from typing import Any

from sqlalchemy.orm import Session

from app.contracts import arrays as names
from app.contracts.jobs import ProjectSpec, ScanSpec
from app.contracts.results import MapCard, RunSummary
from app.db.arrays import ArrayStore
from app.db.tables import Run
from app.errors import Conflict, NotFound
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_nothing
from worker.analyses.shards import stored_tensor
from worker.numerics.projections import bounds_of, quantise, trustworthiness
from worker.registry import PROJECTIONS

DEFAULT_METHOD = "pca"


def plan_default(context: Context, spec: ScanSpec) -> list[dict[str, Any]]:
    """The one map every scan comes with."""
    return [{"method": DEFAULT_METHOD, "params": {}}]


def draw_default(context: Context, spec: ScanSpec, piece: dict[str, Any]) -> Commit:
    """The default projection of a scan that is about to be complete."""
    return _draw(context, spec.run_id, piece["method"], piece["params"])


def plan_asked(context: Context, spec: ProjectSpec) -> list[dict[str, Any]]:
    """The one projection that was asked for."""
    return [{"method": spec.method, "params": dict(spec.params)}]


def draw_asked(context: Context, spec: ProjectSpec, piece: dict[str, Any]) -> Commit:
    """A further projection of a finished run."""
    return _draw(context, spec.run_id, piece["method"], piece["params"])


def _draw(context: Context, run_id: str, method: str, params: dict[str, Any]) -> Commit:
    """Project all levels, align them to each other, and store them as Int16 in one bounding box."""
    with context.session() as session:
        summary, seed = _summary(session, run_id)
        levels = range(summary.layers + 1)
        states = [stored_tensor(session, run_id, names.REDUCED.format(level=level)) for level in levels]
    projection = PROJECTIONS[method]
    chosen = projection.parse(params)
    context.check()
    drawn = projection.run(chosen, states, seed)
    context.check()
    bounds = bounds_of(drawn.coordinates)
    points = quantise(drawn.coordinates, bounds)
    kept = [trustworthiness(full, flat, seed) for full, flat in zip(states, drawn.coordinates, strict=True)]
    card = MapCard(
        method=method,
        title=projection.title,
        params=chosen.model_dump(mode="json"),
        points=len(states[0]),
        levels=len(states),
        bounds=bounds,
        trustworthiness=tuple(0.0 if math.isnan(value) else value for value in kept),
        explained=tuple(drawn.explained),
        seed=seed,
    )

    def commit(session: Session) -> dict[str, Any]:
        store = ArrayStore(session)
        for level, array in zip(levels, points, strict=True):
            store.put(run_id, names.MAP_POINTS.format(method=method, level=level), array.numpy())
        run = session.get(Run, run_id, with_for_update=True)
        if run is None or run.summary is None:
            raise NotFound(f"Run {run_id} was deleted while its map was drawn.")
        summary = RunSummary.model_validate(run.summary)
        maps = {**summary.maps, method: card}
        run.summary = summary.model_copy(update={"maps": maps}).model_dump(mode="json")
        return {"points": card.points}

    return commit


def _summary(session: Session, run_id: str) -> tuple[RunSummary, int]:
    run = session.get(Run, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id} any more.")
    if run.summary is None:
        raise Conflict(f"Run {run_id} is {run.status}; maps can be drawn once its states are stored.")
    return RunSummary.model_validate(run.summary), ScanSpec.model_validate(run.spec).settings.seed


PROJECT = Analysis(
    kind="project", stages=(Stage("draw", "Drawing the map", plan_asked, draw_asked),), settle=settle_nothing
)
