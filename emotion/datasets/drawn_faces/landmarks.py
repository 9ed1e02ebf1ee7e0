"""Compute the positions of the features of a face after its action units have moved them.

Each unit is a few displacements, taken from FACS (Ekman, Friesen and Hager, 2002): what the muscle
pulls, and in which direction. All features and the evidence mask are drawn from these points.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion.datasets.drawn_faces.action_units import LEFT, RIGHT, Expression
from emotion.datasets.drawn_faces.identity import Identity

SIDES = (LEFT, RIGHT)
_SIGN = np.array([-1.0, 1.0])
_LIP = np.linspace(-1.0, 1.0, 25)  # positions across the mouth, corner to corner


@dataclass(frozen=True)
class Landmarks:
    """Points in face units. Paired features have a leading axis of 2, by side of the image."""

    brows: np.ndarray  # (2, 4, 2), inner to outer end
    upper_lids: np.ndarray  # (2, 5, 2), inner to outer corner
    lower_lids: np.ndarray  # (2, 5, 2), inner to outer corner
    irises: np.ndarray  # (2, 2), centers
    nose_wings: np.ndarray  # (2, 2)
    nose_tip: np.ndarray  # (2,)
    upper_lip: np.ndarray  # (25, 2), outer edge, left to right
    upper_inner: np.ndarray  # (25, 2), inner edge of the upper lip
    lower_inner: np.ndarray  # (25, 2), inner edge of the lower lip
    lower_lip: np.ndarray  # (25, 2), outer edge
    chin: np.ndarray  # (2,)
    opening: float  # gap between the lips at the middle

    @property
    def corners(self) -> np.ndarray:
        """The corners of the mouth (2, 2)."""
        return self.upper_inner[[0, -1]]


def compute_landmarks(
    person: Identity, expression: Expression, gaze: tuple[float, float] = (0.0, 0.0)
) -> Landmarks:
    """Compute the landmarks of a person's face with this expression.

    Args:
        person: with the proportions of the face at rest.
        expression: active units with their intensities.
        gaze: offset of both irises, face units.
    """
    lids = [_lids(person, expression, side) for side in SIDES]
    jaw = 0.125 * expression.mean(26) + 0.02 * expression.mean(25)
    return Landmarks(
        brows=np.array([_brow(person, expression, side) for side in SIDES]),
        upper_lids=np.array([upper for upper, _ in lids]),
        lower_lids=np.array([lower for _, lower in lids]),
        irises=np.array([(_SIGN[s] * person.eye_distance, -0.035) for s in SIDES]) + gaze,
        nose_wings=np.array([_nose_wing(person, expression, side) for side in SIDES]),
        nose_tip=np.array([0.0, person.nose_length - 0.045 - 0.025 * expression.mean(9)]),
        chin=np.array([0.0, person.chin_length + jaw - 0.03 * expression.mean(17)]),
        **_mouth(person, expression),
    )


def _brow(person: Identity, expression: Expression, side: int) -> np.ndarray:
    au1, au2, au4 = (expression.at(unit, side) for unit in (1, 2, 4))
    au6, au9 = expression.at(6, side), expression.at(9, side)
    rest = np.array([(0.125, 0.008), (0.25, -0.022), (0.395, -0.042), (0.535, 0.016)])
    rest[:, 1] *= (1.0, person.brow_arch, person.brow_arch, 1.0)
    rest[:2, 1] += person.resting_brow * np.array([1.0, 0.5])
    moved = rest + (0.0, person.brow_height)
    moved[:, 1] += au1 * np.array([-0.135, -0.07, -0.005, 0.0])
    moved[:, 1] += au2 * np.array([-0.015, -0.065, -0.12, -0.095])
    # With AU1 the corrugator still draws the brows together, but no longer lowers their inner end.
    lowering = np.array([0.105, 0.095, 0.055, 0.015])
    lowering[:2] *= 1.0 - np.minimum(1.0, au1) * np.array([0.9, 0.6])
    moved[:, 1] += au4 * lowering + au9 * np.array([0.05, 0.04, 0.01, 0.0])
    moved[:, 1] += au6 * np.array([0.0, 0.0, 0.008, 0.018])
    moved[:, 0] += au4 * np.array([-0.055, -0.045, -0.025, -0.01])
    return moved * (_SIGN[side], 1.0)


def _lids(person: Identity, expression: Expression, side: int) -> tuple[np.ndarray, np.ndarray]:
    au1, au2, au4, au5 = (expression.at(unit, side) for unit in (1, 2, 4, 5))
    au6, au7, au12, au43 = (expression.at(unit, side) for unit in (6, 7, 12, 43))
    width = person.eye_width
    upper = 0.078 * person.eye_height + 0.052 * au5 - 0.022 * au7 - 0.004 * au6 + 0.006 * au2
    lower = 0.060 * person.eye_height + 0.008 * au5 - 0.030 * au7 - 0.034 * au6 - 0.006 * au12
    lower += 0.004 * au1
    closing = np.clip(au43, 0.0, 1.0)
    upper = upper * (1.0 - closing) - 0.8 * lower * closing
    lower = max(lower, 0.006)
    upper = max(upper, 0.010 - 0.8 * lower)
    x = np.array([-1.0, -0.58, -0.05, 0.55, 1.0]) * width
    corner = np.array([0.016, 0.0, 0.0, 0.0, -0.004 - person.eye_tilt])
    top = corner - upper * np.array([0.0, 0.74, 1.0, 0.80, 0.0])
    oblique = au1 * min(1.0, 0.35 + au4) - 0.55 * au4 * (1.0 - min(1.0, au1))
    top += oblique * np.array([0.0, -0.018, -0.006, 0.018, 0.012])
    bottom = corner + lower * np.array([0.0, 0.72, 1.0, 0.86, 0.0])
    # A lid pushed up by the cheek bulges: its middle rises above the line between the corners.
    bottom += au6 * np.array([0.0, -0.016, -0.020, -0.012, 0.0])
    bottom = np.maximum(bottom, top + (0.0, 0.008, 0.010, 0.008, 0.0))
    center = np.array([person.eye_distance, -0.04])
    mirror = np.array([_SIGN[side], 1.0])
    return (np.stack([x, top], 1) + center) * mirror, (np.stack([x, bottom], 1) + center) * mirror


def _nose_wing(person: Identity, expression: Expression, side: int) -> np.ndarray:
    au9, au10, au12 = (expression.at(unit, side) for unit in (9, 10, 12))
    x = person.nose_width * (1.0 + 0.10 * au9 + 0.10 * au12 + 0.05 * au10)
    y = person.nose_length - 0.03 - 0.05 * au9 - 0.02 * au10 - 0.008 * au12
    return np.array([_SIGN[side] * x, y])


def _mouth(person: Identity, expression: Expression) -> dict[str, Any]:
    t = np.abs(_LIP)
    side = (_LIP > 0).astype(int)
    units = (10, 12, 14, 15, 16, 20, 23)
    per_side = {unit: np.array([expression.at(unit, s) for s in SIDES]) for unit in units}
    au = {unit: values[side] for unit, values in per_side.items()}
    au17, au25, au26 = (expression.mean(unit) for unit in (17, 25, 26))

    half = person.mouth_width * (1.0 - 0.34 * au26) + 0.085 * au[12] + 0.08 * au[20]
    half = half + 0.02 * au[14] - 0.035 * au[23] - 0.012 * au[15] - 0.02 * au17
    pull = person.resting_corner - 0.125 * au[12] + 0.105 * au[15] + 0.022 * au[20] - 0.02 * au[14]
    smile, frown, stretch = (float(np.mean(per_side[unit])) for unit in (12, 15, 20))
    middle = 0.60 + 0.055 * au26 + 0.018 * smile - 0.035 * au17 - 0.012 * frown
    # The lips meet in a shallow bow; a smile straightens it.
    line = middle + pull * t**2 + 0.008 * (1.0 - smile) * (np.exp(-((_LIP / 0.16) ** 2)) - 0.4)

    opening = au25 * (0.060 + 0.070 * smile + 0.045 * stretch) + 0.25 * au26
    opening += 0.02 * np.mean(per_side[16])
    # The opening is an oval for a dropped jaw, a box for a stretched mouth, a bowl for a smile.
    square = 2.0 + 2.6 * stretch + 1.0 * smile
    gap = opening * (1.0 - t**square) ** (0.62 if au26 > smile else 0.8)
    upper_share = min(0.20 + 0.22 * au26 + 0.10 * stretch + 0.04 * smile, 0.42)
    raised = 0.05 * au[10] * (1 - t**2)
    upper_inner = line - upper_share * gap - raised
    lower_inner = line + (1.0 - upper_share) * gap + 0.035 * au[16] * (1 - t**2)

    thin = np.clip(1.0 - 0.30 * au[12] - 0.55 * au[23] - 0.25 * au[20] - 0.1 * au26, 0.25, None)
    bow = np.interp(t, [0.0, 0.10, 0.24, 0.62, 1.0], [0.74, 0.84, 1.0, 0.60, 0.0])
    bed = np.interp(t, [0.0, 0.3, 0.62, 0.86, 1.0], [1.0, 0.97, 0.76, 0.40, 0.0])
    upper = 0.060 * person.lip_fullness * thin * bow
    lower = 0.088 * person.lip_fullness * thin * bed * (1.0 + 0.2 * au17)
    x = _LIP * half

    def edge(y: np.ndarray) -> np.ndarray:
        return np.stack([x, y], axis=1)

    return {
        "upper_lip": edge(upper_inner - upper),
        "upper_inner": edge(upper_inner),
        "lower_inner": edge(lower_inner),
        "lower_lip": edge(lower_inner + lower),
        "opening": float((lower_inner - upper_inner)[len(t) // 2]),
    }
