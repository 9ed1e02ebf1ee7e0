"""One image of one person with one expression, and the mask of its evidence."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emotion.drawing.accessories import draw_glasses, draw_occluder, place_occluder
from emotion.drawing.action_units import Expression
from emotion.drawing.beard import draw_beard
from emotion.drawing.canvas import SUPERSAMPLING, Canvas
from emotion.drawing.evidence import draw_evidence
from emotion.drawing.eyes import draw_brows, draw_eyes
from emotion.drawing.hair import BARE, draw_back_hair, draw_front_hair
from emotion.drawing.head import draw_body, draw_ears, draw_skin
from emotion.drawing.identity import Identity
from emotion.drawing.landmarks import place_landmarks
from emotion.drawing.mouth import draw_mouth, draw_nose
from emotion.drawing.nuisance import Scene, degrade
from emotion.drawing.wrinkles import draw_wrinkles

# Of the evidence, how much an occluder must leave in sight for the label to stay fair.
_LEAST_VISIBLE = 0.4


@dataclass(frozen=True)
class Face:
    """A finished image (n, n, 3) uint8 RGB, and its evidence (n, n) uint8, 255 or 0."""

    image: np.ndarray
    evidence: np.ndarray


def draw_face(
    who: Identity,
    expression: Expression,
    evidence_units: Iterable[int],
    scene: Scene,
    rng: np.random.Generator,
    difficulty: float,
) -> Face:
    """Draw a face and spoil it as much as `difficulty` (0..1) asks.

    Args:
        evidence_units: the units of `expression` that the label rests on.
        scene: its projection is for the final size; the canvas is finer.
    """
    marks = place_landmarks(who, expression, scene.gaze)
    fine = replace(scene.projection, size=round(scene.projection.size * SUPERSAMPLING))
    canvas = Canvas(fine, _background(scene, fine.size))
    draw_back_hair(canvas, who)
    draw_body(canvas, who)
    if who.hair_style != "scarf":
        draw_ears(canvas, who)
    draw_skin(canvas, who, marks, scene.light)
    draw_wrinkles(canvas, who, marks, expression)
    draw_nose(canvas, who, marks, scene.light)
    draw_beard(canvas, who, marks)
    draw_mouth(canvas, who, marks, expression)
    draw_eyes(canvas, who, marks, expression)
    draw_brows(canvas, who, marks)
    draw_front_hair(canvas, who, scene.light)
    draw_glasses(canvas, who)

    evidence = draw_evidence(marks, expression, evidence_units, scene.projection)
    occluder = scene.occluder
    if occluder == "hair" and who.hair_style in BARE:
        occluder = "hand"
    if occluder:
        outlines = place_occluder(occluder, who, rng)
        left = draw_evidence(marks, expression, evidence_units, scene.projection, outlines)
        if left.sum() >= _LEAST_VISIBLE * evidence.sum():
            draw_occluder(canvas, occluder, outlines, who, rng)
            evidence = left
    size = (scene.projection.size,) * 2
    image = cv2.resize(cv2.merge(list(canvas.pixels)), size, interpolation=cv2.INTER_AREA)
    return Face(degrade(image, rng, difficulty), evidence)


def _background(scene: Scene, size: int) -> np.ndarray:
    top, bottom = scene.background
    share = np.linspace(0.0, 1.0, size)[None, :, None]
    return top[:, None, None] * (1 - share) + bottom[:, None, None] * share
