"""Hair and headscarves: what falls behind the head, and what frames the face."""

import numpy as np

from emotion.drawing.canvas import Canvas
from emotion.drawing.identity import Identity
from emotion.drawing.shapes import MIRROR, bump, ellipse, spline, symmetric

BARE = ("bald", "buzz", "scarf")  # styles with no lock of hair to fall into the face
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
# How far each style stands off the skull at the top and at the sides.
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


def draw_back_hair(canvas: Canvas, who: Identity) -> None:
    """What hangs behind the face and the neck."""
    dark = who.hair * 0.62
    if who.hair_style in ("long", "wavy", "fringe"):
        wide = who.face_width + _VOLUME[who.hair_style][1]
        bottom = 0.95 if who.hair_style == "fringe" else 1.5
        half = [(0.0, -0.9), (wide - 0.1, -0.5), (wide + 0.01, 0.1), (wide + 0.04, 0.6)]
        half += [(wide + 0.02, bottom), (0.0, bottom + 0.05)]
        canvas.fill(spline(symmetric(half), closed=True), dark)
    elif who.hair_style == "curly":
        canvas.fill(ellipse((0.0, -0.25), who.face_width + 0.22, 0.98), dark, soft=0.02)
    elif who.hair_style == "bun":
        canvas.fill(ellipse((0.0, -1.10), 0.25, 0.22), dark)
    elif who.hair_style == "scarf":
        wide = who.face_width + 0.13
        half = [(0.0, -1.12), (wide - 0.12, -0.75), (wide, 0.0), (wide - 0.08, 0.7)]
        half += [(wide + 0.15, 1.3), (0.0, 1.6)]
        canvas.fill(spline(symmetric(half), closed=True), scarf_color(who) * 0.8)


def draw_front_hair(canvas: Canvas, who: Identity, light: np.ndarray) -> None:
    """What lies over the forehead and the temples."""
    if who.hair_style == "bald":
        shine = ellipse((0.18 * np.sign(light[0]), -0.80), 0.16, 0.06)
        canvas.fill(shine, np.array([255, 252, 246]), alpha=0.35, soft=0.05)
        return
    if who.hair_style == "scarf":
        _draw_scarf(canvas, who)
        return
    line, crown = _hairline(who), _crown(who)
    outline = np.concatenate([line, crown[::-1]])
    if who.hair_style == "buzz":
        canvas.fill(outline, who.hair * 0.6 + who.skin * 0.3, alpha=0.82, soft=0.03)
        return
    # A shadow on the forehead under the hair keeps it from looking glued on.
    canvas.fill(outline + (0.0, 0.035), who.crease, alpha=0.40, soft=0.03)
    canvas.fill(outline, who.hair, soft=0.006)
    _draw_strands(canvas, who, line, crown, light)


def scarf_color(who: Identity) -> np.ndarray:
    """The color of a headscarf: the clothes', turned around the color wheel."""
    return np.clip(who.clothes[[1, 2, 0]], 60, 205)


def _crown(who: Identity) -> np.ndarray:
    """The outer edge of the hair, ear to ear over the top, left to right."""
    top, side = _VOLUME[who.hair_style]
    angles = np.linspace(np.pi * 1.04, -np.pi * 0.04, 97 if who.hair_style == "curly" else 25)
    rx, ry = who.face_width + side, 0.86 + top
    crown = np.stack([rx * np.cos(angles), -0.14 - ry * np.sin(angles)], axis=1)
    if who.hair_style == "quiff":
        crown[:, 1] -= 0.07 * np.exp(-(((crown[:, 0] + 0.25 * who.parting) / 0.3) ** 2))
    if who.hair_style == "curly":
        crown *= 1.0 + 0.035 * np.abs(np.sin(angles * 10.0))[:, None]
    if who.hair_style in ("long", "wavy", "fringe"):
        bottom = 0.86 if who.hair_style == "fringe" else 1.5
        fall = np.array([(rx + 0.02, 0.4), (rx + 0.03, bottom)])
        crown = np.concatenate([fall[::-1] * MIRROR, crown, fall])
    return crown


def _hairline(who: Identity) -> np.ndarray:
    """The edge of the hair on the face, left to right."""
    if who.hair_style == "side part":
        sweep = [(-0.74, 0.02), (-0.69, -0.30), (-0.58, -0.60), (-0.34, -0.84), (-0.05, -0.70)]
        sweep += [(0.26, -0.53), (0.52, -0.46), (0.67, -0.26), (0.74, 0.04)]
        line = spline(sweep)
        return line if who.parting > 0 else (line * MIRROR)[::-1]
    half = np.array(_HAIRLINES[who.hair_style])
    if who.age == "old" and not who.feminine:
        half = half - np.array([0.0, 0.09]) * np.linspace(1.0, 0.0, 5)[:, None]
    return spline(np.concatenate([half[:0:-1] * MIRROR, half]))


def _draw_strands(
    canvas: Canvas, who: Identity, line: np.ndarray, crown: np.ndarray, light: np.ndarray
) -> None:
    """Dark and lit hairs between hairline and crown: along them, across them, or in curls."""
    rng = np.random.default_rng(who.texture)
    count = 25
    line, crown = _resample(line, count), _resample(crown, count)
    if who.hair_style == "curly":
        share = rng.random((70, 1))
        at = rng.integers(count, size=70)
        hairs = [
            ellipse(line[i] * (1 - s) + crown[i] * s, 0.035, 0.035)[: 10 + i % 8]
            for i, s in zip(at, share, strict=True)
        ]
    elif who.hair_style in ("long", "wavy", "side part"):
        wave = 0.018 * (who.hair_style == "wavy")
        ripple = wave * np.sin(np.arange(count) * 1.5)[:, None]
        hairs = [line * (1 - s) + crown * s + ripple for s in rng.uniform(0.05, 0.95, 16)]
    else:
        starts = rng.uniform(0, count - 2, 34)
        hairs = [_strand(line, crown, start, rng.uniform(-1.5, 1.5)) for start in starts]
    half = len(hairs) // 2
    canvas.lines(hairs[:half], 0.014, who.hair * 0.6, alpha=0.5 if who.hair.max() < 120 else 0.3)
    canvas.lines(hairs[half:], 0.012, who.hair * 1.1 + 32, alpha=0.40)
    if who.hair_style != "curly":
        sheen = line * 0.42 + crown * 0.58
        lit = sheen[6:13] if light[0] < 0 else sheen[12:19]
        canvas.stroke(lit, 0.07 * bump(len(lit)), who.hair * 1.15 + 55, alpha=0.32, soft=0.025)


def _strand(line: np.ndarray, crown: np.ndarray, start: float, slant: float) -> np.ndarray:
    i, j = int(start), int(np.clip(start + slant, 0, len(crown) - 1))
    middle = (line[i] + crown[j]) / 2 + (0.0, -0.03)
    return spline([line[i], middle, crown[j]], steps=4)


def _resample(curve: np.ndarray, count: int) -> np.ndarray:
    at = np.linspace(0.0, len(curve) - 1, count)
    return np.stack([np.interp(at, np.arange(len(curve)), axis) for axis in curve.T], axis=1)


def _draw_scarf(canvas: Canvas, who: Identity) -> None:
    color = scarf_color(who)
    wide = who.face_width + 0.15
    outer = [(0.0, -1.14), (wide - 0.14, -0.85), (wide, -0.1), (wide - 0.06, 0.6), (0.45, 1.22)]
    inner = [(0.0, -0.72), (0.45, -0.62), (who.face_width - 0.06, -0.22)]
    inner += [(who.face_width - 0.05, 0.25), (who.jaw_width - 0.04, 0.66), (0.30, 1.02)]
    outer, inner = spline(outer), spline(inner)
    for mirror in (np.ones(2), MIRROR):
        band = np.concatenate([outer, inner[::-1]]) * mirror
        canvas.fill(band * (0.97, 1.0) + (0, 0.02), who.crease, alpha=0.4, soft=0.03)
        canvas.fill(band, color)
        rows = _resample(outer, 20), _resample(inner, 20)
        folds = [(rows[0] * (1 - s) + rows[1] * s) * mirror for s in (0.25, 0.55, 0.85)]
        for fold in folds:
            canvas.stroke(fold, 0.03 * bump(20), color * 0.68, alpha=0.6, soft=0.012)
            canvas.stroke(fold - (0, 0.03), 0.03 * bump(20), color + 30, 0.4, soft=0.015)
