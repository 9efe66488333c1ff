"""Loading a model for the first time: the proof that it is read correctly, its card, and its speed."""

import time
from typing import Any

from sqlalchemy.orm import Session

from app.contracts.jobs import InspectSpec
from app.db.tables import Model
from app.jobs.analysis import Analysis, Commit, Context, Stage
from app.jobs.subjects import settle_model
from worker.analyses.opened import open_model
from worker.analyses.planning import plan_once
from worker.model.reading import tokens_per_second


def inspect_model(context: Context, spec: InspectSpec, piece: dict[str, Any]) -> Commit:
    """Load, check, measure; the card is stored with the model."""
    model = open_model(context, spec.model_id)
    card = model.card(tokens_per_second(model, clock=time.perf_counter))

    def commit(session: Session) -> dict[str, Any]:
        row = session.get(Model, spec.model_id)
        if row is not None:
            row.card = card.model_dump(mode="json")
        return {"parameters": card.parameters}

    return commit


INSPECT = Analysis(
    kind="inspect", stages=(Stage("inspect", "Loading the model", plan_once, inspect_model),), settle=settle_model
)
