"""95 % intervals of a share and of a mean over few draws."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.stats import norm, t

Interval = tuple[float, float, float]  # value, low, high


def share(hits: int, size: int) -> Interval:
    """The share with Wilson's score interval (1927), which stays within 0 and 1 and holds for few draws."""
    z = float(norm.ppf(0.975))
    found = hits / size
    middle = (found + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * sqrt(found * (1 - found) / size + z * z / (4 * size * size))
    return found, max(0.0, min(found, middle - half)), min(1.0, max(found, middle + half))


def mean(values: Sequence[float]) -> Interval:
    """The mean with Student's interval; needs two values at least."""
    found = np.asarray(values, dtype=np.float64)
    half = float(t.ppf(0.975, len(found) - 1)) * float(found.std(ddof=1)) / sqrt(len(found))
    centre = float(found.mean())
    return centre, centre - half, centre + half
