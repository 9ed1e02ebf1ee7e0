"""Curves and outlines for the canvas, as arrays of points in face units.

Face units: x to the right of the image, y down, the eyes near y = 0, the chin near y = 1.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

MIRROR = np.array([-1.0, 1.0])


def spline(points: ArrayLike, closed: bool = False, steps: int = 6) -> np.ndarray:
    """Return a Catmull-Rom curve through `points` (n, 2), with `steps` samples per span."""
    points = np.asarray(points, dtype=np.float64)
    return _catmull_rom(len(points), closed, steps) @ points


def ellipse(center: ArrayLike, rx: float, ry: float, count: int = 24) -> np.ndarray:
    """Return a closed ellipse as `count` points."""
    return np.asarray(center) + _circle(count) * (rx, ry)


def symmetric(half: ArrayLike) -> np.ndarray:
    """Return a closed outline from its right half (top to bottom, x = 0 at both ends)."""
    half = np.asarray(half, dtype=np.float64)
    return np.concatenate([half, half[-2:0:-1] * MIRROR])


@lru_cache(maxsize=256)
def bump(count: int, sharpness: float = 1.0) -> np.ndarray:
    """Return relative widths of a stroke with pointed ends; the maximum, 1, is in the middle."""
    widths = np.sin(np.linspace(0.0, np.pi, count)) ** sharpness
    widths.flags.writeable = False  # the cached array is shared by all callers
    return widths


@lru_cache(maxsize=64)
def _circle(count: int) -> np.ndarray:
    angles = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@lru_cache(maxsize=64)
def _catmull_rom(count: int, closed: bool, steps: int) -> np.ndarray:
    # The curve is linear in its points, so the whole evaluation is one cached matrix.
    t = np.arange(steps) / steps
    basis = 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], 1
    )
    spans = count if closed else count - 1
    matrix = np.zeros((spans * steps + (not closed), count))
    for span in range(spans):
        for tap in range(4):
            index = span + tap - 1
            index = index % count if closed else min(max(index, 0), count - 1)
            matrix[span * steps : (span + 1) * steps, index] += basis[:, tap]
    if not closed:
        matrix[-1, -1] = 1.0
    return matrix
