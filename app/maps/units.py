"""Positions on a map: Int16 steps of its bounding box, as stored and sent, and the units of the projection."""

import numpy as np

Bounds = tuple[float, float, float, float]
STEPS = 65534.0  # Int16 steps across the bounding box, -32767..32767
EDGE = 0.001  # of half the box: how far beyond it a place still counts as on its edge


def in_units(points: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Int16 [N, 2] to data units: -32767 is the lower, 32767 the upper end of the box."""
    low, high = np.array(bounds[:2]), np.array(bounds[2:])
    found: np.ndarray = low + (points.astype(np.float64) + STEPS / 2) / STEPS * (high - low)
    return found


def in_steps(places: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Data units [N, 2] to Int16; what lies outside the box comes to its edge."""
    found: np.ndarray = np.rint(np.clip(_shares(places, bounds), -1, 1) * STEPS / 2).astype("<i2")
    return found


def outside(places: np.ndarray, bounds: Bounds) -> int:
    """How many of the places [N, 2] lie outside the box."""
    return int((np.abs(_shares(places, bounds)) > 1 + EDGE).any(axis=1).sum())


def _shares(places: np.ndarray, bounds: Bounds) -> np.ndarray:
    """-1 at the lower, 1 at the upper end of the box."""
    low, high = np.array(bounds[:2]), np.array(bounds[2:])
    found: np.ndarray = (places.astype(np.float64) - low) / np.maximum(high - low, 1e-12) * 2 - 1
    return found
