"""Temporary arrays of one layer or level, and how they become one array of the run."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.contracts import arrays as names
from app.db.arrays import ArrayStore

METRICS = names.PART + "metrics"  # float32 [metrics, languages] of a level
ACCURACY = names.PART + "accuracy"  # float32 [1] of a level
TRUNCATED = names.PART + "truncated/{language}"  # int64 [1] sentences longer than the context


def of(name: str) -> str:
    """The name of the part of an array: its first word under the temporary prefix."""
    return names.PART + name.split("/{", 1)[0]


def stacked(store: ArrayStore, run_id: str, part: str, indices: Iterable[int]) -> NDArray[Any]:
    """The parts of all layers or levels as one array, in order."""
    return np.stack([store.get(run_id, f"{part}/{index}") for index in indices])
