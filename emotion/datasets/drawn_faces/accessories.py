"""Draw objects on top of a face: glasses, and the occluders that hide some of the evidence."""

import numpy as np

from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.identity import Identity, skin_color
from emotion.datasets.drawn_faces.landmarks import SIDES
from emotion.datasets.drawn_faces.shapes import ellipse, spline

OCCLUDERS = {"hand": 0.36, "bar": 0.24, "hair": 0.28, "sunglasses": 0.12}  # kind: probability
_GLASS = np.array([205, 222, 232])


def draw_glasses(canvas: Canvas, person: Identity) -> None:
    """Draw the person's glasses, if any; they are the same in every image of the person."""
    if person.glasses != "none":
        frame = _lens(person, person.glasses)
        _draw_frame(canvas, person, frame, person.glasses_color, 0.028)
        for side in SIDES:
            lens = frame * ((-1.0, 1.0)[side], 1.0)
            canvas.fill(lens, _GLASS, alpha=0.10, lift=0.12)
            glint = lens.mean(axis=0) + np.array([(-0.11, 0.06), (-0.03, -0.09)])
            canvas.stroke(glint, 0.035, np.array([255, 255, 255]), 0.22, soft=0.01, lift=0.12)


def _lens(person: Identity, shape: str) -> np.ndarray:
    center = np.array([person.eye_distance + 0.005, -0.015])
    if shape == "round":
        return ellipse(center, 0.215, 0.20)
    corners = [(-0.20, -0.13), (0.0, -0.155), (0.22, -0.135), (0.225, 0.03), (0.15, 0.15)]
    corners += [(0.0, 0.165), (-0.14, 0.145), (-0.20, 0.04)]
    return spline(np.array(corners) + center, closed=True)


def _draw_frame(
    canvas: Canvas, person: Identity, frame: np.ndarray, color: np.ndarray, width: float
) -> None:
    for side in SIDES:
        sign = np.array([(-1.0, 1.0)[side], 1.0])
        ring = np.concatenate([frame, frame[:2]]) * sign
        canvas.stroke(ring + (0.0, 0.03), width, person.crease, 0.22, soft=0.015, lift=0.10)
        canvas.stroke(ring, width, color, 0.95, lift=0.12)
        temple = np.array([(person.eye_distance + 0.21, -0.06), (person.face_width + 0.02, -0.07)])
        canvas.stroke(temple * sign, 0.034, color, alpha=0.9, lift=0.06)
    bridge = spline([(-0.115, -0.03), (0.0, -0.075), (0.115, -0.03)])
    canvas.stroke(bridge, width, color, 0.95, lift=0.14)


def sample_occluder(kind: str, person: Identity, rng: np.random.Generator) -> list[np.ndarray]:
    """Sample the outlines (n, 2), in face units, of the area that an occluder hides."""
    side = rng.choice([-1.0, 1.0])
    if kind == "sunglasses":
        return [_lens(person, "square") * 1.03 * (sign, 1.0) for sign in (-1.0, 1.0)]
    if kind == "bar":
        y, half = rng.choice([rng.uniform(0.56, 0.74), rng.uniform(-0.5, -0.28)]), 0.17
        tilt = rng.uniform(-0.12, 0.12)
        corners = [(-1.3, y - half - tilt), (1.3, y - half + tilt)]
        corners += [(1.3, y + half + tilt), (-1.3, y + half - tilt)]
        return [np.array(corners)]
    if kind == "hair":
        reach = rng.uniform(0.05, 0.28)
        lock = [(0.20, -1.05), (0.85, -0.75), (0.80, 0.15), (0.55, 0.05 + reach), (0.52, -0.25)]
        lock += [(0.30 - reach, -0.40), (0.10, -0.75)]
        return [spline(lock, closed=True) * (side, 1.0)]
    return _hand(np.array([side * rng.uniform(0.05, 0.5), rng.uniform(0.42, 0.80)]), side)


def _hand(at: np.ndarray, side: float) -> list[np.ndarray]:
    fingers = []
    for index, length in enumerate((0.42, 0.52, 0.50, 0.38)):
        root = at + np.array([side * 0.20, 0.02 + 0.125 * index - 0.16])
        tip = root - np.array([side * length, 0.10 - 0.035 * index])
        middle = (root + tip) / 2 - (0.0, 0.02)
        outline = [tip - (side * 0.03, 0.0), tip - (0, 0.048), middle - (0, 0.060)]
        outline += [root - (0, 0.068)]
        outline += [root + (0, 0.068), middle + (0, 0.062), tip + (0, 0.048)]
        fingers.append(spline(np.array(outline), closed=True))
    palm = [(0.06, -0.24), (0.34, -0.20), (0.62, 0.20), (0.75, 1.2), (0.20, 1.2), (0.10, 0.42)]
    return [spline(np.array(palm) * (side, 1.0) + at, closed=True), *fingers[::-1]]


def draw_occluder(
    canvas: Canvas,
    kind: str,
    outlines: list[np.ndarray],
    person: Identity,
    rng: np.random.Generator,
) -> None:
    """Paint an occluder with outlines from `sample_occluder`."""
    skin = person.skin if rng.random() < 0.6 else skin_color(int(rng.integers(1, 11)))
    color = {
        "hand": skin * 0.97,
        "bar": rng.uniform(30, 225, 3),
        "hair": person.hair,
        "sunglasses": np.array([26, 24, 30]),
    }[kind]
    lift = 0.16
    for outline in outlines:
        canvas.fill(outline + (0.02, 0.04), person.crease, alpha=0.35, soft=0.04, lift=lift)
    for outline in outlines:
        ring = np.concatenate([outline, outline[:1]])
        canvas.fill(outline, color, alpha=0.97, lift=lift)
        canvas.stroke(ring, 0.024, color * (0.55, 0.44, 0.42), alpha=0.7, soft=0.006, lift=lift)
    if kind == "sunglasses":
        _draw_frame(canvas, person, _lens(person, "square") * 1.03, color, 0.05)
    if kind == "hair":
        half = len(outlines[0]) // 2
        left, right = outlines[0][:half], outlines[0][: half - 1 : -1][:half]
        rows = [left * (1 - s) + right * s for s in (0.2, 0.4, 0.6, 0.8)]
        canvas.lines(rows, 0.013, person.hair * 1.15 + 30, alpha=0.4)
