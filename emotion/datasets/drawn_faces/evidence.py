"""Draw masks of a face: its regions, and the evidence for its emotion, to score explanations.

A region is evidence if an active unit of the prototype changes it. Pixels behind an occluder are
not evidence, so they are removed from that mask.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from emotion.data.face_regions import LEVELS, UNIT_REGIONS
from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.canvas import Projection
from emotion.datasets.drawn_faces.landmarks import SIDES, Landmarks
from emotion.datasets.drawn_faces.shapes import ellipse

MIN_INTENSITY = 0.1  # weaker units change nothing that a person could point at
# Where two regions overlap, the later one has the pixel.
_ORDER = ("cheeks", "chin", "nose", "brows", "eyes", "mouth")


def draw_evidence(
    marks: Landmarks,
    expression: Expression,
    units: Iterable[int],
    projection: Projection,
    occluders: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """Draw the mask of the regions that `units` change.

    Args:
        marks: of `compute_landmarks`, with this expression.
        expression: active units with their intensities.
        units: the units of `expression` that count as evidence.
        projection: of the finished image.
        occluders: outlines (n, 2) in face units, as returned by `sample_occluder`.

    Returns:
        uint8 (size, size): 255 for evidence, 0 elsewhere; all 0 without active units.
    """
    mask = _empty_mask(projection)
    for side in SIDES:
        active = [unit for unit in units if expression.at(unit, side) >= MIN_INTENSITY]
        for region in sorted({region for unit in active for region in UNIT_REGIONS[unit]}):
            _fill(mask, marks, region, side, projection, 255)
    for outline in occluders:
        cv2.fillPoly(mask, [np.rint(projection(outline, 0.16) - 0.5).astype(np.int32)], 0)
    return mask


def draw_regions(marks: Landmarks, projection: Projection) -> np.ndarray:
    """Draw the mask of all regions, active or not: uint8 (size, size), values of LEVELS, or 0."""
    mask = _empty_mask(projection)
    for region in _ORDER:
        for side in SIDES:
            _fill(mask, marks, region, side, projection, LEVELS[region])
    return mask


def _empty_mask(projection: Projection) -> np.ndarray:
    return np.zeros((projection.size, projection.size), dtype=np.uint8)


def _fill(
    mask: np.ndarray, marks: Landmarks, region: str, side: int, projection: Projection, value: int
) -> None:
    """Fill the convex hull of a region on one side, with its margin."""
    points, margin = _region(marks, region, side)
    hull = cv2.convexHull(projection(points).astype(np.float32))
    corners = np.rint(hull - 0.5).astype(np.int32)
    cv2.fillPoly(mask, [corners], value)
    cv2.polylines(mask, [corners], True, value, max(1, round(2 * margin * projection.unit)))


def _region(marks: Landmarks, region: str, side: int) -> tuple[np.ndarray, float]:
    """Return the points of a region on one side, and the margin around them, in face units."""
    sign = np.array([(-1.0, 1.0)[side], 1.0])
    half = slice(12, None) if side else slice(0, 13)
    lips = np.concatenate([marks.upper_lip[half], marks.lower_lip[half]])
    if region == "brows":
        brow = marks.brows[side]
        glabella = np.array([(0.0, brow[0, 1] - 0.05), (0.0, brow[0, 1] + 0.07)])
        return np.concatenate([brow, brow[:3] - (0.0, 0.06), glabella]), 0.05
    if region == "eyes":
        lids = np.concatenate([marks.upper_lids[side], marks.lower_lids[side]])
        return np.concatenate([lids, lids[4:5] + sign * (0.07, 0.0)]), 0.05
    if region == "nose":
        root = np.array([(0.0, -0.16), (0.09, -0.1)]) * sign
        wing = marks.nose_wings[side] + sign * np.array([(0.0, 0.0), (0.06, 0.04)])
        return np.concatenate([root, wing, [marks.nose_tip + (0.0, 0.07)]]), 0.04
    if region == "cheeks":
        return ellipse(sign * (0.42, 0.20), 0.15, 0.11), 0.03
    if region == "chin":
        boss = marks.chin + sign * np.array([(0.0, -0.02), (0.20, -0.06)])
        return np.concatenate([marks.lower_lip[half], boss]), 0.03
    assert region == "mouth", region
    fold = marks.corners[side] + sign * (0.06, 0.0)
    return np.concatenate([lips, fold[None]]), 0.04
