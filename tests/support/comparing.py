"""A tiny model, stored as if it had been inspected, with a set of its neurons and comparisons to ask for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session, sessionmaker

from app.contracts.comparisons import CompareResult, CompareSpec
from app.contracts.ids import new_id
from app.contracts.sets import PickedOrigin
from app.db.session import utc_now
from app.db.sets import NewSet, store_set
from app.db.tables import Experiment, ExperimentSet, Model
from app.jobs import JobQueue
from tests.worker.tiny_models import make_tiny
from worker.model.loading import load

PICKED = np.array([[0, 3], [0, 7], [1, 1], [2, 40]], np.int32)


@dataclass(frozen=True)
class Place:
    """Where comparisons can be made."""

    sessions: sessionmaker[Session]
    model_id: str
    set_id: str

    def spec(self, **changes: object) -> CompareSpec:
        """A comparison stored as an experiment without a job."""
        values = {"experiment_id": new_id(), "model_id": self.model_id, "set_id": self.set_id, "prompt": "The cat"}
        spec = CompareSpec.model_validate(values | changes)
        with self.sessions.begin() as session:
            session.add(_row(spec))
            session.flush()
            session.add(ExperimentSet(experiment_id=spec.experiment_id, set_id=spec.set_id))
        return spec

    def queue(self, queue: JobQueue, **changes: object) -> tuple[str, str]:
        """A comparison in the queue: experiment and job."""
        spec = self.spec(**changes)
        with self.sessions.begin() as session:
            job_id = queue.enqueue(session, spec, title="Compare", subject=spec.experiment_id, interactive=True)
            session.get_one(Experiment, spec.experiment_id).job_id = job_id
        return spec.experiment_id, job_id

    def result(self, experiment_id: str) -> CompareResult:
        """The stored answer."""
        with self.sessions() as session:
            return CompareResult.model_validate(session.get_one(Experiment, experiment_id).result)


def _row(spec: CompareSpec) -> Experiment:
    return Experiment(
        id=spec.experiment_id,
        kind="compare",
        name="cat",
        model_id=spec.model_id,
        job_id="",
        spec=spec.model_dump(mode="json"),
        status="queued",
        created=utc_now(),
    )


def comparing_place(sessions: sessionmaker[Session], folder: Path, *, context: int = 64) -> Place:
    """Save a tiny Llama in `folder` and store it with a set of four neurons."""
    path = make_tiny("llama", folder / "model", max_position_embeddings=context)
    card = load(str(path), device="cpu").card()
    with sessions.begin() as session:
        model = Model(
            id=new_id(), name="tiny", source=str(path), revision=None, status="complete", created=utc_now(),
            card=card.model_dump(mode="json"),
        )  # fmt: skip
        session.add(model)
        session.flush()
        chosen = store_set(session, model, NewSet("four", PICKED, PickedOrigin()), utc_now())
        return Place(sessions, model.id, chosen.id)
