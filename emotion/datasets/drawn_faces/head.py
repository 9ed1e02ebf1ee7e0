"""Draw the head without its features: neck, shoulders, ears and shaded skin."""

from dataclasses import replace

import cv2
import numpy as np

from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.landmarks import Landmarks
from emotion.datasets.drawn_faces.shapes import MIRROR, ellipse, spline, symmetric


def face_outline(person: Identity, marks: Landmarks) -> np.ndarray:
    """Return the closed outline of the face, forehead to chin; the jaw follows the chin down."""
    drop = marks.chin[1] - person.chin_length
    chin = marks.chin[1]
    face, jaw = person.face_width, person.jaw_width
    half = [(0.0, -1.0), (0.38, -0.94), (face - 0.08, -0.62), (face, -0.18), (face - 0.015, 0.12)]
    half += [(jaw + 0.085, 0.42 + 0.3 * drop), (jaw - 0.03, 0.67 + 0.7 * drop)]
    half += [(0.5 * (jaw + person.chin_width), chin - 0.15), (person.chin_width, chin - 0.03)]
    half += [(0.0, chin)]
    return spline(symmetric(half), closed=True)


def draw_body(canvas: Canvas, person: Identity) -> None:
    """Draw neck and shoulders, which lie behind the face."""
    neck = person.jaw_width - (0.17 if person.feminine else 0.10)
    half = [(0.0, 1.02), (neck, 1.05), (neck + 0.24, 1.16), (1.15, 1.34), (1.5, 1.9), (0.0, 1.9)]
    throat = symmetric([(0.0, 0.5), (neck, 0.5), (neck + 0.01, 1.1), (neck + 0.14, 1.24), (0, 1.4)])
    canvas.fill(spline(symmetric(half), closed=True), person.clothes)
    canvas.fill(throat, person.skin * 0.80)
    with canvas.clip(throat):
        canvas.fill(ellipse((0.0, 0.93), neck + 0.1, 0.23), person.crease, alpha=0.6, soft=0.07)
    collar = spline([(-neck - 0.16, 1.13), (-0.2, 1.30), (0.2, 1.30), (neck + 0.16, 1.13)])
    canvas.stroke(collar, 0.05, person.clothes * 0.7)


def draw_ears(canvas: Canvas, person: Identity) -> None:
    """Draw both ears; the face is painted over their inner half later."""
    ear = [(-0.05, -0.16), (0.05, -0.20), (0.10, -0.10), (0.075, 0.08), (0.03, 0.20), (-0.06, 0.2)]
    rim = np.array([(0.01, -0.11), (0.06, -0.12), (0.06, 0.0), (0.03, 0.10)])
    for mirror in (MIRROR, np.ones(2)):
        place = np.array([person.face_width, 0.06])
        canvas.fill(spline(np.array(ear) + place, closed=True) * mirror, person.blush)
        canvas.stroke(spline(rim + place) * mirror, 0.03, person.crease, alpha=0.5, soft=0.01)


def draw_skin(canvas: Canvas, person: Identity, marks: Landmarks, light: np.ndarray) -> None:
    """Draw the skin of the face: an ellipsoid under a lamp, then the shading of the relief.

    Args:
        light: direction of the lamp (3,), x right, y down, z towards the viewer; length 1.
    """
    # All shading is soft, so it is painted at a quarter of the size and enlarged once.
    fine = canvas.projection
    soft = Canvas(replace(fine, size=max(8, fine.size // 4)), person.skin[:, None, None])
    soft.pixels[:] = _ellipsoid_shading(soft, person, light)
    outline = face_outline(person, marks)
    rim = np.concatenate([outline, outline[:1]])
    soft.stroke(rim, 0.06, person.crease, alpha=0.4, soft=0.035)
    for side in (0, 1):
        _shade_side(soft, person, marks, (-1.0, 1.0)[side], lit=light[0] * (-1, 1)[side] > 0)
    chin = marks.chin - (0.0, 0.14)
    soft.fill(ellipse(chin, 0.12, 0.075), person.light, alpha=0.30, soft=0.05)
    under_lip = marks.lower_lip[12] + (0.0, 0.045)
    soft.fill(ellipse(under_lip, 0.13, 0.026), person.shadow, alpha=0.55, soft=0.022)
    soft.fill(ellipse((0.0, -0.62), 0.33, 0.13), person.light, alpha=0.30, soft=0.1)
    planes = [cv2.resize(plane, (fine.size,) * 2) for plane in soft.pixels]
    canvas.shade(outline, np.stack(planes))
    _draw_freckles(canvas, person)


def _ellipsoid_shading(canvas: Canvas, person: Identity, light: np.ndarray) -> np.ndarray:
    projection = canvas.projection
    steps = np.arange(projection.size) + 0.5
    x = (steps[None, :] - projection.center[0]) / projection.unit / 0.92
    y = (steps[:, None] - projection.center[1]) / projection.unit / 1.25
    z = np.sqrt(np.maximum(0.06, 1.0 - x**2 - y**2))
    lambert = np.clip(x * light[0] + y * light[1] + z * light[2], 0.0, 1.0)
    dark = person.skin * (0.63, 0.50, 0.47)
    bright = np.minimum(person.skin * 1.08 + 8, 250)
    return dark[:, None, None] + (bright - dark)[:, None, None] * lambert


def _shade_side(
    canvas: Canvas, person: Identity, marks: Landmarks, sign: float, *, lit: bool
) -> None:
    side = int(sign > 0)
    eye = np.array([sign * person.eye_distance, -0.055])
    socket = ellipse(eye + (-0.03 * sign, -0.03), 0.20, 0.125)
    canvas.fill(socket, person.shadow, alpha=0.42, soft=0.055)
    corner = np.array([sign * 0.125, -0.09])
    canvas.fill(ellipse(corner, 0.045, 0.10), person.crease, alpha=0.36, soft=0.035)
    cheek = np.array([sign * 0.43, 0.24])
    canvas.fill(ellipse(cheek, 0.19, 0.15), person.blush, alpha=0.55, soft=0.09)
    bone = ellipse(cheek + (0.02 * sign, -0.07), 0.12, 0.06)
    canvas.fill(bone, person.light, alpha=0.42 if lit else 0.2, soft=0.05)
    hollow = np.array([sign * (person.face_width - 0.12), 0.50])
    canvas.fill(ellipse(hollow, 0.10, 0.2), person.shadow, alpha=0.30, soft=0.08)
    wing = marks.nose_wings[side]
    flank = [(sign * 0.085, -0.12), (sign * 0.10, 0.06), wing + (0.02 * sign, -0.01), (0, 0.2)]
    canvas.fill(np.array(flank), person.shadow, alpha=0.22 if lit else 0.5, soft=0.04)


def _draw_freckles(canvas: Canvas, person: Identity) -> None:
    if not person.freckles:
        return
    rng = np.random.default_rng(person.texture)
    spots = rng.normal(0.0, 1.0, (26, 2)) * (0.24, 0.07) + (0.0, 0.17)
    dashes = [np.array([spot, spot + (0.006, 0.0)]) for spot in spots]
    canvas.lines(dashes, 0.012, person.crease, alpha=0.30)
