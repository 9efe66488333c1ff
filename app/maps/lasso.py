"""A lasso in an address: the polygon that selects points, and which points lie inside."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.errors import BadInput

MOST_CORNERS = 64
CHUNK = 65_536  # points tested at once; bounds the memory of the test
_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,39})\.([0-9]{1,4})")
_CORNER = re.compile(r"(-?[0-9]{1,5})\.(-?[0-9]{1,5})")

Points = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Lasso:
    """A polygon in Int16 units on the map of one method and level; it selects sentences, whatever level is shown."""

    method: str
    level: int
    corners: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return "_".join([f"{self.method}.{self.level}", *(f"{x}.{y}" for x, y in self.corners)])

    @classmethod
    def parse(cls, written: str) -> "Lasso":
        """Read `method.level_x.y_x.y_…` with 3 to 64 corners in -32768..32767; anything else raises BadInput."""
        head, *corners = written.split("_")
        found, pairs = _HEAD.fullmatch(head), [_CORNER.fullmatch(corner) for corner in corners[: MOST_CORNERS + 1]]
        if found is None or None in pairs:
            raise BadInput("The selection in this address is damaged. Take `sel` out of the address and draw it again.")
        if not 3 <= len(pairs) <= MOST_CORNERS:
            raise BadInput(f"A selection has 3 to {MOST_CORNERS} corners, this one has {len(corners)}. Draw it again.")
        polygon = tuple((int(pair[1]), int(pair[2])) for pair in pairs if pair is not None)
        if any(not -32768 <= value <= 32767 for corner in polygon for value in corner):
            raise BadInput("The selection in this address leaves the map. Draw it again.")
        return cls(found[1], int(found[2]), polygon)


def inside(points: Points, corners: tuple[tuple[int, int], ...]) -> Points:
    """Which of `points` [N, 2] lie in the polygon, by the even-odd rule: bool [N]."""
    polygon = np.array(corners, np.float64)
    ax, ay = polygon[:, 0], polygon[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    level = ay == by
    slope = np.where(level, 0.0, (bx - ax) / np.where(level, 1.0, by - ay))
    out = np.zeros(len(points), bool)
    for start in range(0, len(points), CHUNK):
        x, y = points[start : start + CHUNK].astype(np.float64).T[:, :, None]
        crosses = ((ay > y) != (by > y)) & (x < ax + (y - ay) * slope)
        out[start : start + CHUNK] = crosses.sum(axis=1) % 2 == 1
    return out
