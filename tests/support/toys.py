"""A small analysis without a model: numbers are summed, slowly; a job's `method` says what goes wrong on the way."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.contracts.ids import new_id
from app.contracts.jobs import ProjectSpec
from app.contracts.results import Catalogue
from app.db.arrays import ArrayStore
from app.db.session import utc_now
from app.db.tables import Model
from app.errors import BadInput
from app.jobs import Analysis, Commit, Context, Piece, Stage
from app.jobs.subjects import settle_nothing

STEP = 0.02  # seconds between two checks

CATALOGUE = Catalogue(device="toy", architectures=("Abacus",), methods=())


def toy(
    method: str = "sum", *, run_id: str = "run", pieces: int = 4, seconds: float = 0.05, log: str = ""
) -> ProjectSpec:
    """A job of `pieces` pieces of `seconds` each; who begins and ends which piece is written to the file `log`."""
    params: dict[str, float | int | str | bool] = {"pieces": pieces, "seconds": seconds, "log": log}
    return ProjectSpec(run_id=run_id, method=method, params=params)


def tell(spec: ProjectSpec, *words: object) -> None:
    """Add a line to the job's file."""
    if spec.params["log"]:
        with Path(str(spec.params["log"])).open("a") as file:
            file.write(" ".join(map(str, [f"{time.monotonic():.3f}", spec.run_id, os.getpid(), *words])) + "\n")


def plan_numbers(context: Context, spec: ProjectSpec) -> list[Piece]:
    if spec.method == "bad plan":
        raise BadInput("There is nothing to sum.")
    return [{"number": number} for number in range(int(spec.params["pieces"]))]


def wait(context: Context, spec: ProjectSpec) -> None:
    steps = max(int(float(spec.params["seconds"]) / STEP), 1)
    for step in range(steps):
        time.sleep(STEP)
        if spec.method != "deaf":
            context.check()
        if spec.method == "speak":
            context.emit("token", {"attempt": context.log.count("rows"), "step": step})
            if context.stop_wanted():
                return
        context.progress(step / steps, "counting")


def write_number(context: Context, spec: ProjectSpec, piece: Piece) -> Commit:
    number = int(piece["number"])
    tell(spec, "begin", number)
    if spec.method == "fail" and number == 2:
        raise BadInput("The number 2 cannot be summed.")
    if spec.method == "crash" and number == 1:
        raise KeyError("a secret detail")
    if spec.method == "poison" and number == 1:
        os._exit(9)
    if spec.method == "speak":
        context.emit("rows", {"attempt": context.log.count("rows") + 1})
    if spec.method == "warn":
        context.warn(f"The number {number} is odd.")
    wait(context, spec)

    def commit(session: Session) -> dict[str, Any]:
        if spec.method == "bad commit" and number == 1:
            session.add(Model(id=new_id(), name=f"{spec.run_id} half", source="", status="", created=utc_now()))
            session.flush()
            raise BadInput("The number 1 cannot be stored.")
        ArrayStore(session).put(spec.run_id, f"part/{number}", np.array([number]))
        session.add(Model(id=new_id(), name=f"{spec.run_id} {number}", source="", status="", created=utc_now()))
        tell(spec, "commit", number)
        return {"number": number}

    return commit


def add_numbers(context: Context, spec: ProjectSpec, piece: Piece) -> Commit:
    with context.session() as session:
        store = ArrayStore(session)
        total = sum(int(store.get(spec.run_id, name)[0]) for name in store.names(spec.run_id, "part/"))

    def commit(session: Session) -> dict[str, Any]:
        ArrayStore(session).put(spec.run_id, "sum", np.array([total]))
        ArrayStore(session).delete(spec.run_id, "part/")
        return {"sum": total}

    return commit


TOY = Analysis(
    kind="project",
    stages=(
        Stage("write", "Writing numbers", plan_numbers, write_number),
        Stage("nothing", "Doing nothing", lambda context, spec: [], add_numbers),
        Stage("add", "Adding numbers", lambda context, spec: [{}], add_numbers),
    ),
    settle=settle_nothing,
)
ANALYSES = {"project": TOY}
