"""Draw nose and mouth: the lips, and the teeth and tongue in an open mouth."""

import numpy as np

from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.landmarks import SIDES, Landmarks
from emotion.datasets.drawn_faces.shapes import bump, ellipse, spline

_CAVITY = np.array([58, 18, 22])
_TONGUE = np.array([186, 84, 88])
_TEETH = np.array([243, 239, 229])


def draw_nose(canvas: Canvas, person: Identity, marks: Landmarks, light: np.ndarray) -> None:
    """Draw the bridge, ball, wings and nostrils of the nose."""
    tip, lift = marks.nose_tip, 0.10
    bridge = spline(np.array([(0.0, -0.2), (0.005, 0.0), tip + (0, -0.05)]))
    offset = 0.03 * np.sign(light[0])
    canvas.stroke(bridge + (offset, 0), 0.055, person.light, alpha=0.42, soft=0.022, lift=0.06)
    canvas.fill(ellipse(tip + (0, 0.01), 0.085, 0.07), person.blush, 0.5, soft=0.03, lift=lift)
    canvas.fill(ellipse(tip + (offset, -0.015), 0.034, 0.03), person.light, 0.7, 0.016, lift=lift)
    under = tip + (0.0, 0.082)
    canvas.fill(ellipse(under, 0.105, 0.024), person.crease, alpha=0.45, soft=0.016, lift=0.05)
    for side in SIDES:
        sign, wing = (-1.0, 1.0)[side], marks.nose_wings[side]
        bends = np.array([(-0.012, -0.065), (0.012, -0.025), (0.004, 0.022), (-0.034, 0.030)])
        curl = spline(wing + bends * (sign, 1.0))
        widths = 0.024 * bump(len(curl), 0.6)
        canvas.stroke(curl, widths, person.crease, alpha=0.8, soft=0.006, lift=0.03)
        nostril = ellipse((wing[0] * 0.52, wing[1] + 0.030), 0.034, 0.015)
        canvas.fill(nostril, person.crease * 0.5, alpha=0.9, soft=0.006, lift=0.05)
    philtrum = np.array([(0.0, under[1] + 0.03), marks.upper_lip[12] + (0, -0.008)])
    canvas.stroke(philtrum, 0.03, person.shadow, alpha=0.4, soft=0.012)


def draw_mouth(canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression) -> None:
    """Draw the cavity, then the lips around it, then the line between them."""
    if marks.opening > 0.012:
        hole = np.concatenate([marks.upper_inner, marks.lower_inner[::-1]])
        with canvas.clip(hole):
            _draw_cavity(canvas, marks, expression)
    _draw_lips(canvas, person, marks, expression)


def _draw_cavity(canvas: Canvas, marks: Landmarks, expression: Expression) -> None:
    upper, lower = marks.upper_inner, marks.lower_inner
    everything = np.concatenate([upper - (0, 0.02), (lower + (0, 0.02))[::-1]])
    canvas.fill(everything, _CAVITY)
    smile, jaw = expression.mean(12), expression.mean(26)
    tongue = lower[12] + (0.0, 0.01)
    canvas.fill(ellipse(tongue, 0.14, 0.24 * marks.opening + 0.02), _TONGUE, 0.75, soft=0.016)
    # A smile lifts the lip off the teeth; a dropped jaw leaves only their edge visible.
    shown = min(0.03 + 0.45 * marks.opening * (1.0 + smile - 0.95 * jaw), 0.10)
    edge = upper[3:-3] + np.stack([np.zeros(19), shown * bump(19, 0.35)], axis=1)
    canvas.fill(np.concatenate([upper[3:-3] - (0, 0.02), edge[::-1]]), _TEETH)
    seams = [np.array([upper[i], upper[i] + (0, shown)]) for i in range(6, 20, 2)]
    canvas.lines(seams, 0.006, _TEETH * 0.75, alpha=0.5)
    bared = max(expression.mean(20), expression.mean(16))
    if bared > 0.15 and marks.opening > 0.04:
        row = lower[5:-5] - np.stack([np.zeros(15), 0.045 * bared * bump(15, 0.3)], axis=1)
        canvas.fill(np.concatenate([lower[5:-5] + (0, 0.02), row[::-1]]), _TEETH * 0.93)
    shade = np.concatenate([upper - (0, 0.02), (upper + (0, 0.022))[::-1]])
    canvas.fill(shade, _CAVITY * 0.5, alpha=0.55, soft=0.012)


def _draw_lips(canvas: Canvas, person: Identity, marks: Landmarks, expression: Expression) -> None:
    upper = np.concatenate([marks.upper_lip, marks.upper_inner[::-1]])
    lower = np.concatenate([marks.lower_inner, marks.lower_lip[::-1]])
    canvas.fill(upper, person.lips * 0.86, alpha=0.95, soft=0.005)
    canvas.fill(lower, person.lips * 1.04, alpha=0.95, soft=0.005)
    glow = (marks.lower_inner[12] + marks.lower_lip[12]) / 2
    full = float(marks.lower_lip[12, 1] - marks.lower_inner[12, 1])
    canvas.fill(ellipse(glow, 0.08, 0.22 * full), person.lips + 60, alpha=0.5, soft=0.014)
    tight = expression.mean(23)
    dark = person.lips * (0.45, 0.34, 0.36)
    widths = (0.013 + 0.006 * tight) * (0.7 + 0.6 * bump(25, 0.7))
    if marks.opening > 0.012:
        canvas.stroke(marks.upper_inner, widths, dark, alpha=0.75)
        canvas.stroke(marks.lower_inner, widths * 0.6, dark, alpha=0.5)
    else:
        canvas.stroke((marks.upper_inner + marks.lower_inner) / 2, widths * 1.45, dark, alpha=0.95)
    for corner in marks.corners:
        canvas.fill(ellipse(corner, 0.026, 0.020), person.crease * 0.8, alpha=0.75, soft=0.010)
