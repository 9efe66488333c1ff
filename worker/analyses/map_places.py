"""Where further states lie on a stored map of a run: exact for PCA; other methods have no place for them."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from sqlalchemy.orm import Session
from torch import Tensor

from app.contracts import arrays as names
from app.db.arrays import ArrayStore
from app.db.runs import finished_run
from worker.analyses.shards import stored_tensor

LINEAR = frozenset({"pca"})
_STEPS = 32767  # a map's box is -32767 to 32767 both ways


def why_no_places(session: Session, run_id: str, method: str) -> str:
    """Why the map can take no further states, as a sentence; empty if it can."""
    run = finished_run(session, run_id)
    card = run.summary.maps.get(method)
    if card is None:
        return f"The run has no map “{method}”."
    if method not in LINEAR:
        return f"{card.title} has no place for states it was not drawn from; choose a linear map such as PCA."
    if ArrayStore(session).entry(run.id, names.REDUCED_AXES.format(level=0)) is None:
        return "This run was scanned before maps could take further states. Scan again to see the changed ones on it."
    return ""


def places_on_map(
    session: Session, run_id: str, method: str, states: Float[Tensor, "levels n d"]
) -> NDArray[np.float32] | None:
    """The states on the run's map, in its units; None where `why_no_places` says why.

    A linear map is an affine function of the first two principal components; which one, its own points tell.
    """
    if why_no_places(session, run_id, method):
        return None
    card = finished_run(session, run_id).summary.maps[method]
    x0, y0, x1, y1 = card.bounds
    low, span = torch.tensor([x0, y0]), torch.tensor([x1 - x0, y1 - y0])
    found = []
    for level, some in enumerate(states):
        points = stored_tensor(session, run_id, names.MAP_POINTS.format(method=method, level=level)).double()
        drawn = low + (points / _STEPS + 1) / 2 * span
        known = _with_one(stored_tensor(session, run_id, names.REDUCED.format(level=level)).double()[:, :2])
        mean = stored_tensor(session, run_id, names.REDUCED_MEAN.format(level=level)).double()
        axes = stored_tensor(session, run_id, names.REDUCED_AXES.format(level=level)).double()[:2]
        affine = torch.linalg.pinv(known) @ drawn
        found.append(_with_one((some.double() - mean) @ axes.T) @ affine)
    places: NDArray[np.float32] = torch.stack(found).float().numpy()
    return places


def _with_one(rows: Float[Tensor, "n two"]) -> Float[Tensor, "n three"]:
    return torch.cat([rows, torch.ones(len(rows), 1, dtype=rows.dtype)], dim=1)
