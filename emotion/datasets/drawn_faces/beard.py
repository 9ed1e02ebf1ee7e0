"""Draw beards, before the lips; they move with the jaw and the upper lip."""

import numpy as np

from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.head import face_outline
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.landmarks import Landmarks
from emotion.datasets.drawn_faces.shapes import MIRROR, spline


def draw_beard(canvas: Canvas, person: Identity, marks: Landmarks) -> None:
    """Draw stubble, a moustache, or a full beard with a moustache."""
    if person.beard == "stubble":
        _draw_stubble(canvas, person, marks)
    if person.beard == "full":
        _draw_full_beard(canvas, person, marks)
    if person.beard in ("moustache", "full"):
        _draw_moustache(canvas, person, marks)


def _cheek_line(person: Identity, marks: Landmarks) -> np.ndarray:
    """Return the right upper edge of the beard, from the ear around the mouth to the chin."""
    drop = marks.chin[1] - person.chin_length
    line = [(0.66, 0.10), (0.53, 0.42), (0.40, 0.53)]
    line += [(0.33, 0.66 + drop / 2), (0.17, 0.745 + drop), (0.0, 0.75 + drop)]
    return spline(line)


def _jaw_line(face: np.ndarray) -> np.ndarray:
    return face[(face[:, 1] > 0.10) & (face[:, 0] >= -1e-9)]


def _draw_stubble(canvas: Canvas, person: Identity, marks: Landmarks) -> None:
    face = face_outline(person, marks)
    right = np.concatenate([_cheek_line(person, marks), _jaw_line(face)[::-1]])
    with canvas.clip(face):
        for half in (right, right * MIRROR):
            canvas.fill(half, person.hair * 0.82, alpha=0.34, soft=0.06)


def _draw_full_beard(canvas: Canvas, person: Identity, marks: Landmarks) -> None:
    line = _cheek_line(person, marks)
    grown = _jaw_line(face_outline(person, marks)) * (1.02, 1.03)
    right = np.concatenate([line, grown[::-1]])
    for half in (right, right * MIRROR):
        canvas.fill(half, person.hair * 0.82, alpha=0.93, soft=0.03)
    hairs = [line * (1 + np.array([0.12, 0.3]) * share) for share in np.linspace(0.0, 1.0, 9)]
    canvas.lines(hairs + [hair * MIRROR for hair in hairs], 0.008, person.hair * 1.25, alpha=0.25)


def _draw_moustache(canvas: Canvas, person: Identity, marks: Landmarks) -> None:
    top, lip = marks.nose_tip[1] + 0.125, marks.upper_lip
    tips = lip[[3, -4]] + np.array([(-0.03, 0.004), (0.03, 0.004)])
    shoulders = lip[[5, -6]] - (0.0, 0.075)
    upper = spline([tips[0], shoulders[0], (-0.05, top), (0.05, top), shoulders[1], tips[1]])
    lower = lip[4:-4] + (0.0, 0.004)
    canvas.fill(np.concatenate([upper, lower[::-1]]), person.hair * 0.82, alpha=0.93, soft=0.016)
    strands = [np.array([upper[i], lower[i * 16 // 30]]) for i in range(2, 30, 3)]
    canvas.lines(strands, 0.008, person.hair * 1.3, alpha=0.25)
