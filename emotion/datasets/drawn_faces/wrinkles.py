"""Draw skin folds: wrinkles of age, deepened by the action units that cause them.

Wrinkles distinguish a raised brow from a naturally high one, so they matter for weak expressions.
"""

import numpy as np
from numpy.typing import ArrayLike

from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.landmarks import SIDES, Landmarks
from emotion.datasets.drawn_faces.shapes import bump, ellipse, spline


def draw_wrinkles(
    canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression
) -> None:
    """Draw all folds, from the forehead down."""
    _forehead(canvas, person, marks, expression)
    _glabella(canvas, person, marks, expression)
    for side in SIDES:
        _crows_feet(canvas, person, marks, expression, side)
        _cheek(canvas, person, marks, expression, side)
        _corner(canvas, person, marks, expression, side)
    _nose_root(canvas, person, expression)
    _chin(canvas, person, marks, expression)


def _fold(
    canvas: Canvas, person: Identity, points: ArrayLike, depth: float, width: float = 0.022
) -> None:
    """Draw a soft groove with a lit edge below it."""
    curve = spline(points)
    ends = bump(len(curve), 0.6)
    depth = min(0.95, depth)
    if depth > 0.2:
        canvas.stroke(curve + (0.0, 0.016), width * ends, person.light, 0.45 * depth, soft=0.008)
    canvas.stroke(curve, width * ends, person.crease, alpha=depth, soft=0.009)


def _forehead(canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression) -> None:
    inner, outer = expression.mean(1), expression.mean(2)
    depth = max(inner * 0.75, outer) * 0.58 + 0.28 * person.lines
    if depth < 0.08:
        return
    reach = 0.20 + 0.26 * max(outer, person.lines)
    brow = marks.brows[:, 1:3, 1].mean()
    # Sadness bends the middle of the forehead wrinkles upwards; surprise keeps them flat.
    peak = 0.045 * max(0.0, inner - outer)
    for row in range(3):
        y = brow - 0.105 - 0.085 * row
        wide = reach * (1.0 - 0.12 * row)
        points = [(-wide, y + 0.02), (-wide / 2, y - 0.008), (0, y + 0.008 - peak)]
        points += [(wide / 2, y - 0.008), (wide, y + 0.02)]
        _fold(canvas, person, points, depth * (1.0 - 0.22 * row), width=0.018)


def _glabella(canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression) -> None:
    depth = 0.85 * expression.mean(4) + 0.5 * expression.mean(9) + 0.18 * person.lines
    if depth < 0.05:
        return
    y = marks.brows[:, 0, 1].mean()
    middle = marks.brows[:, 0, 0].mean()
    canvas.fill(ellipse((middle, y + 0.02), 0.085, 0.09), person.shadow, 0.55 * depth, soft=0.04)
    for sign in (-1.0, 1.0):
        x = middle + 0.042 * sign
        points = [(x + 0.012 * sign, y - 0.10), (x - 0.004 * sign, y), (x, y + 0.09)]
        _fold(canvas, person, points, depth, width=0.024)


def _crows_feet(
    canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression, side: int
) -> None:
    depth = 0.75 * expression.at(6, side) + 0.45 * person.lines
    if depth < 0.08:
        return
    sign = (-1.0, 1.0)[side]
    corner = marks.upper_lids[side][-1]
    rays = []
    for rise, length in ((-0.065, 0.085), (0.0, 0.10), (0.055, 0.085)):
        start = corner + (0.035 * sign, 0.35 * rise)
        rays.append(np.array([start, corner + ((0.035 + length) * sign, 1.1 * rise)]))
    canvas.lines(rays, 0.014, person.crease, alpha=min(0.8, 0.7 * depth))


def _cheek(
    canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression, side: int
) -> None:
    sign = (-1.0, 1.0)[side]
    au6, au9, au10, au12, au15, au20 = (expression.at(u, side) for u in (6, 9, 10, 12, 15, 20))
    lifted = max(au6, 0.8 * au12)
    apple = np.array([sign * 0.44, 0.22 - 0.05 * lifted])
    canvas.fill(ellipse(apple, 0.13, 0.085), person.light, alpha=0.42 * lifted, soft=0.045)
    canvas.fill(ellipse(apple + (0, 0.06), 0.16, 0.09), person.blush, alpha=0.4 * lifted, soft=0.05)
    wing, corner = marks.nose_wings[side], marks.corners[side]
    depth = 0.10 + 0.42 * au12 + 0.5 * au10 + 0.28 * au9 + 0.15 * au15 + 0.22 * au20
    depth += 0.32 * person.lines
    bow = 0.03 + 0.03 * au12
    points = [
        wing + (0.028 * sign, -0.02),
        0.55 * wing + 0.45 * corner + ((0.06 + bow) * sign, -0.015),
        corner + ((0.062 + bow / 2) * sign, -0.005),
        corner + (0.058 * sign, 0.055 * (1.0 - 0.6 * au12)),
    ]
    side_shade = spline(points)
    canvas.stroke(side_shade, 0.07, person.shadow, alpha=0.5 * min(1, depth), soft=0.025)
    _fold(canvas, person, points, depth * 0.85, width=0.026)


def _corner(
    canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression, side: int
) -> None:
    sign, corner = (-1.0, 1.0)[side], marks.corners[side]
    au12, au14, au15 = (expression.at(unit, side) for unit in (12, 14, 15))
    dimple = 0.9 * au14 + 0.25 * au12
    if dimple > 0.06:
        points = corner + np.array([(0.030, -0.04), (0.05, 0.0), (0.034, 0.045)]) * (sign, 1.0)
        _fold(canvas, person, points, dimple, width=0.026)
    puppet = 0.42 * au15 + 0.25 * person.lines
    if puppet > 0.06:
        points = corner + np.array([(0.008, 0.012), (0.034, 0.06), (0.04, 0.13)]) * (sign, 1.0)
        _fold(canvas, person, points, puppet, width=0.022)


def _nose_root(canvas: Canvas, person: Identity, expression: Expression) -> None:
    depth = 0.85 * expression.mean(9)
    if depth < 0.05:
        return
    for y in (-0.13, -0.075, -0.02):
        points = [(-0.075, y - 0.02), (0.0, y + 0.012), (0.075, y - 0.02)]
        _fold(canvas, person, points, depth, width=0.016)


def _chin(canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression) -> None:
    depth = 0.75 * expression.mean(17) + 0.3 * expression.mean(15)
    if depth < 0.05:
        return
    y = marks.lower_lip[12, 1] + 0.055
    points = [(-0.13, y + 0.03), (0.0, y - 0.008), (0.13, y + 0.03)]
    _fold(canvas, person, points, depth, width=0.026)
    boss = np.array([0.0, marks.chin[1] - 0.16])
    canvas.fill(ellipse(boss, 0.10, 0.06), person.light, alpha=0.35 * depth, soft=0.03)
    starts = boss + np.array([(-0.05, 0.0), (0.045, -0.015), (0.0, 0.03), (0.02, -0.03)])
    dents = [np.array([at, at + (0.012, 0)]) for at in starts]
    canvas.lines(dents, 0.012, person.crease, 0.5 * depth)
