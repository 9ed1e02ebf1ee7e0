"""Draw hair and headscarves: the part behind the head and the part that frames the face."""

import numpy as np

from emotion.datasets.drawn_faces.canvas import Canvas
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.shapes import MIRROR, bump, ellipse, spline, symmetric

BARE = ("bald", "buzz", "scarf")  # styles without locks of hair that could fall into the face
# Right half of the hairline, from the middle of the forehead down to the ear, for each style.
_HAIRLINES = {
    "short": [(0.0, -0.70), (0.34, -0.69), (0.56, -0.56), (0.66, -0.30), (0.70, -0.02)],
    "quiff": [(0.0, -0.74), (0.34, -0.72), (0.56, -0.56), (0.67, -0.28), (0.71, 0.0)],
    "buzz": [(0.0, -0.70), (0.38, -0.68), (0.58, -0.54), (0.66, -0.30), (0.70, -0.06)],
    "bun": [(0.0, -0.78), (0.34, -0.72), (0.56, -0.55), (0.68, -0.26), (0.72, -0.02)],
    "fringe": [(0.0, -0.43), (0.34, -0.42), (0.55, -0.34), (0.66, -0.05), (0.66, 0.78)],
    "long": [(0.0, -0.86), (0.30, -0.64), (0.56, -0.30), (0.66, 0.25), (0.70, 1.45)],
    "wavy": [(0.0, -0.80), (0.32, -0.62), (0.56, -0.30), (0.64, 0.25), (0.72, 1.45)],
    "curly": [(0.0, -0.66), (0.34, -0.64), (0.56, -0.50), (0.66, -0.26), (0.70, 0.0)],
}
# Distance of the hair from the skull, at the top and at the sides, for each style.
_VOLUME = {
    "short": (0.10, 0.07),
    "quiff": (0.20, 0.06),
    "buzz": (0.03, 0.03),
    "bun": (0.05, 0.04),
    "fringe": (0.12, 0.13),
    "long": (0.10, 0.12),
    "wavy": (0.13, 0.16),
    "curly": (0.24, 0.24),
    "side part": (0.15, 0.09),
    "scarf": (0.10, 0.15),
}


def draw_back_hair(canvas: Canvas, person: Identity) -> None:
    """Draw the hair or scarf behind the face and the neck."""
    dark = person.hair * 0.62
    if person.hair_style in ("long", "wavy", "fringe"):
        wide = person.face_width + _VOLUME[person.hair_style][1]
        bottom = 0.95 if person.hair_style == "fringe" else 1.5
        half = [(0.0, -0.9), (wide - 0.1, -0.5), (wide + 0.01, 0.1), (wide + 0.04, 0.6)]
        half += [(wide + 0.02, bottom), (0.0, bottom + 0.05)]
        canvas.fill(spline(symmetric(half), closed=True), dark)
    elif person.hair_style == "curly":
        canvas.fill(ellipse((0.0, -0.25), person.face_width + 0.22, 0.98), dark, soft=0.02)
    elif person.hair_style == "bun":
        canvas.fill(ellipse((0.0, -1.10), 0.25, 0.22), dark)
    elif person.hair_style == "scarf":
        wide = person.face_width + 0.13
        half = [(0.0, -1.12), (wide - 0.12, -0.75), (wide, 0.0), (wide - 0.08, 0.7)]
        half += [(wide + 0.15, 1.3), (0.0, 1.6)]
        canvas.fill(spline(symmetric(half), closed=True), scarf_color(person) * 0.8)


def draw_front_hair(canvas: Canvas, person: Identity, light: np.ndarray) -> None:
    """Draw the hair or scarf over the forehead and the temples."""
    if person.hair_style == "bald":
        shine = ellipse((0.18 * np.sign(light[0]), -0.80), 0.16, 0.06)
        canvas.fill(shine, np.array([255, 252, 246]), alpha=0.35, soft=0.05)
        return
    if person.hair_style == "scarf":
        _draw_scarf(canvas, person)
        return
    line, crown = _hairline(person), _crown(person)
    outline = np.concatenate([line, crown[::-1]])
    if person.hair_style == "buzz":
        canvas.fill(outline, person.hair * 0.6 + person.skin * 0.3, alpha=0.82, soft=0.03)
        return
    # Without a shadow on the forehead, the hair looks glued on.
    canvas.fill(outline + (0.0, 0.035), person.crease, alpha=0.40, soft=0.03)
    canvas.fill(outline, person.hair, soft=0.006)
    _draw_strands(canvas, person, line, crown, light)


def scarf_color(person: Identity) -> np.ndarray:
    """Return the color of a headscarf: the clothes' color, rotated around the color wheel."""
    return np.clip(person.clothes[[1, 2, 0]], 60, 205)


def _crown(person: Identity) -> np.ndarray:
    """Return the outer edge of the hair, from the left ear over the top to the right ear."""
    top, side = _VOLUME[person.hair_style]
    angles = np.linspace(np.pi * 1.04, -np.pi * 0.04, 97 if person.hair_style == "curly" else 25)
    rx, ry = person.face_width + side, 0.86 + top
    crown = np.stack([rx * np.cos(angles), -0.14 - ry * np.sin(angles)], axis=1)
    if person.hair_style == "quiff":
        crown[:, 1] -= 0.07 * np.exp(-(((crown[:, 0] + 0.25 * person.parting) / 0.3) ** 2))
    if person.hair_style == "curly":
        crown *= 1.0 + 0.035 * np.abs(np.sin(angles * 10.0))[:, None]
    if person.hair_style in ("long", "wavy", "fringe"):
        bottom = 0.86 if person.hair_style == "fringe" else 1.5
        fall = np.array([(rx + 0.02, 0.4), (rx + 0.03, bottom)])
        crown = np.concatenate([fall[::-1] * MIRROR, crown, fall])
    return crown


def _hairline(person: Identity) -> np.ndarray:
    """Return the edge of the hair on the face, left to right."""
    if person.hair_style == "side part":
        sweep = [(-0.74, 0.02), (-0.69, -0.30), (-0.58, -0.60), (-0.34, -0.84), (-0.05, -0.70)]
        sweep += [(0.26, -0.53), (0.52, -0.46), (0.67, -0.26), (0.74, 0.04)]
        line = spline(sweep)
        return line if person.parting > 0 else (line * MIRROR)[::-1]
    half = np.array(_HAIRLINES[person.hair_style])
    if person.age == "old" and not person.feminine:
        half = half - np.array([0.0, 0.09]) * np.linspace(1.0, 0.0, 5)[:, None]
    return spline(np.concatenate([half[:0:-1] * MIRROR, half]))


def _draw_strands(
    canvas: Canvas, person: Identity, line: np.ndarray, crown: np.ndarray, light: np.ndarray
) -> None:
    """Draw dark and lit hairs between hairline and crown: along them, across them, or as curls."""
    rng = np.random.default_rng(person.texture)
    count = 25
    line, crown = _resample(line, count), _resample(crown, count)
    if person.hair_style == "curly":
        share = rng.random((70, 1))
        at = rng.integers(count, size=70)
        hairs = [
            ellipse(line[i] * (1 - s) + crown[i] * s, 0.035, 0.035)[: 10 + i % 8]
            for i, s in zip(at, share, strict=True)
        ]
    elif person.hair_style in ("long", "wavy", "side part"):
        wave = 0.018 * (person.hair_style == "wavy")
        ripple = wave * np.sin(np.arange(count) * 1.5)[:, None]
        hairs = [line * (1 - s) + crown * s + ripple for s in rng.uniform(0.05, 0.95, 16)]
    else:
        starts = rng.uniform(0, count - 2, 34)
        hairs = [_strand(line, crown, start, rng.uniform(-1.5, 1.5)) for start in starts]
    half, dark = len(hairs) // 2, person.hair.max() < 120
    canvas.lines(hairs[:half], 0.014, person.hair * 0.6, alpha=0.5 if dark else 0.3)
    canvas.lines(hairs[half:], 0.012, person.hair * 1.1 + 32, alpha=0.40)
    if person.hair_style != "curly":
        sheen = line * 0.42 + crown * 0.58
        lit = sheen[6:13] if light[0] < 0 else sheen[12:19]
        canvas.stroke(lit, 0.07 * bump(len(lit)), person.hair * 1.15 + 55, alpha=0.32, soft=0.025)


def _strand(line: np.ndarray, crown: np.ndarray, start: float, slant: float) -> np.ndarray:
    i, j = int(start), int(np.clip(start + slant, 0, len(crown) - 1))
    middle = (line[i] + crown[j]) / 2 + (0.0, -0.03)
    return spline([line[i], middle, crown[j]], steps=4)


def _resample(curve: np.ndarray, count: int) -> np.ndarray:
    at = np.linspace(0.0, len(curve) - 1, count)
    return np.stack([np.interp(at, np.arange(len(curve)), axis) for axis in curve.T], axis=1)


def _draw_scarf(canvas: Canvas, person: Identity) -> None:
    color = scarf_color(person)
    wide = person.face_width + 0.15
    outer = [(0.0, -1.14), (wide - 0.14, -0.85), (wide, -0.1), (wide - 0.06, 0.6), (0.45, 1.22)]
    inner = [(0.0, -0.72), (0.45, -0.62), (person.face_width - 0.06, -0.22)]
    inner += [(person.face_width - 0.05, 0.25), (person.jaw_width - 0.04, 0.66), (0.30, 1.02)]
    outer_curve, inner_curve = spline(outer), spline(inner)
    for mirror in (np.ones(2), MIRROR):
        band = np.concatenate([outer_curve, inner_curve[::-1]]) * mirror
        canvas.fill(band * (0.97, 1.0) + (0, 0.02), person.crease, alpha=0.4, soft=0.03)
        canvas.fill(band, color)
        rows = _resample(outer_curve, 20), _resample(inner_curve, 20)
        folds = [(rows[0] * (1 - s) + rows[1] * s) * mirror for s in (0.25, 0.55, 0.85)]
        for fold in folds:
            canvas.stroke(fold, 0.03 * bump(20), color * 0.68, alpha=0.6, soft=0.012)
            canvas.stroke(fold - (0, 0.03), 0.03 * bump(20), color + 30, 0.4, soft=0.015)
