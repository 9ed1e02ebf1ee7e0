"""Draw eyes and brows, which distinguish fear from surprise and anger from sadness."""

import numpy as np

from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.landmarks import SIDES, Landmarks
from emotion.datasets.drawn_faces.shapes import bump, ellipse, spline

_IRIS_RADIUS = 0.080
_INK = np.array([34, 24, 26])


def draw_eyes(canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression) -> None:
    """Draw the eyeballs inside the opening of the lids, then the lids."""
    for side in SIDES:
        upper, lower = spline(marks.upper_lids[side]), spline(marks.lower_lids[side])
        opening = np.concatenate([upper, lower[::-1]])
        gap = float(marks.lower_lids[side][2, 1] - marks.upper_lids[side][2, 1])
        if gap > 0.03:
            with canvas.clip(opening):
                _draw_eyeball(canvas, person, marks, side, upper)
        _draw_lids(canvas, person, expression, side, upper, lower)


def _draw_eyeball(
    canvas: Canvas, person: Identity, marks: Landmarks, side: int, upper: np.ndarray
) -> None:
    white = np.array([240, 236, 232]) * (0.93 if person.age == "old" else 0.97)
    sign = (-1.0, 1.0)[side]
    ball = np.array([sign * person.eye_distance, -0.04])
    iris = marks.irises[side]
    canvas.fill(ellipse(ball, 0.22, 0.2), white)
    canvas.fill(ellipse(ball + (-0.155 * sign, 0.012), 0.03, 0.03), person.lips, 0.55, soft=0.01)
    canvas.fill(ellipse(iris, _IRIS_RADIUS, _IRIS_RADIUS), person.iris * 0.42)
    canvas.fill(ellipse(iris, 0.066, 0.066), person.iris)
    below = iris + (0.0, 0.028)
    canvas.fill(ellipse(below, 0.045, 0.034), person.iris * 0.5 + 105, alpha=0.5, soft=0.014)
    canvas.fill(ellipse(iris, 0.034, 0.034), np.array([14, 11, 12]))
    # The shadow of the lid and the lashes on the eyeball.
    shade = np.concatenate([upper + (0, -0.03), (upper + (0, 0.026))[::-1]])
    canvas.fill(shade, np.array([58, 44, 46]), alpha=0.55, soft=0.014)
    canvas.fill(ellipse(iris + (-0.026, -0.03), 0.021, 0.021), np.array([255, 255, 255]), 0.95)
    canvas.fill(ellipse(iris + (0.03, 0.028), 0.010, 0.010), np.array([255, 255, 255]), 0.5)


def _draw_lids(
    canvas: Canvas,
    person: Identity,
    expression: Expression,
    side: int,
    upper: np.ndarray,
    lower: np.ndarray,
) -> None:
    sign = (-1.0, 1.0)[side]
    au4, au5, au6, au7 = (expression.at(unit, side) for unit in (4, 5, 6, 7))
    ends = bump(len(upper), 0.5)
    crease = upper + np.stack([0.012 * sign * ends, -(0.052 - 0.016 * au5) * ends - 0.004], axis=1)
    lid = np.concatenate([upper, crease[::-1]])
    canvas.fill(lid, person.light, alpha=0.20 * person.lid_crease, soft=0.008)
    deep = person.lid_crease * (0.72 + 0.25 * au5) * (1.0 - 0.5 * au4)
    canvas.stroke(crease, 0.022 * ends, person.crease, alpha=min(1.0, deep), soft=0.005)
    lash = 0.030 if person.feminine else 0.022
    weight = lash * np.linspace(0.55, 1.25, len(upper))
    canvas.stroke(upper, weight, _INK, alpha=0.95)
    canvas.stroke(lower, 0.012, person.crease * 0.8, alpha=0.7, soft=0.004)
    if person.feminine:
        flick = np.array([upper[-3], upper[-1], upper[-1] + (0.035 * sign, -0.028)])
        canvas.stroke(spline(flick), 0.024 * np.linspace(1, 0.1, 13), _INK, alpha=0.9)
    # The pouch under the eye: deeper with age, and where the cheek or the lid is pushed up.
    pouch = lower + np.stack([np.zeros(len(lower)), (0.052 - 0.012 * au6) * ends], axis=1)
    depth = 0.16 + 0.45 * person.lines + 0.42 * au6 + 0.32 * au7
    canvas.stroke(pouch, 0.026 * ends, person.crease, alpha=min(0.8, depth), soft=0.008)
    roll = (lower + pouch) / 2
    canvas.stroke(roll, 0.030 * ends, person.light, alpha=0.16 + 0.3 * max(au6, au7), soft=0.008)


def draw_brows(canvas: Canvas, person: Identity, marks: Landmarks) -> None:
    """Draw tapered brows with a few hairs at the inner end."""
    # Brows stay dark under blond or white hair; on dark skin they need the most contrast.
    shade = min(0.72, 100 / person.hair.max()) * (0.62 if person.skin_tone > 7 else 1.0)
    color = person.hair * shade * (1.0, 0.90, 0.84)
    for side in SIDES:
        sign = (-1.0, 1.0)[side]
        middle = spline(marks.brows[side], steps=8)
        knots = np.array([0.62, 1.0, 0.85, 0.18])
        widths = np.interp(np.linspace(0, 3, len(middle)), range(4), knots)
        widths = widths * 0.068 * person.brow_thickness
        canvas.stroke(middle, widths * 1.5, person.shadow, alpha=0.35, soft=0.02)
        canvas.stroke(middle, widths, color, alpha=0.92, soft=0.007)
        tip = (0.022 * sign, -0.030 * person.brow_thickness)
        hairs = [np.array([at + (0, 0.020), at + tip]) for at in middle[1:10:2]]
        canvas.lines(hairs, 0.009, color, alpha=0.7)
