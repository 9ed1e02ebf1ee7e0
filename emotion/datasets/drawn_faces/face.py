"""Draw one image of one person with one expression, and its masks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emotion.datasets.drawn_faces.accessories import draw_glasses, draw_occluder, sample_occluder
from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.beard import draw_beard
from emotion.datasets.drawn_faces.canvas import SUPERSAMPLING, Canvas
from emotion.datasets.drawn_faces.evidence import draw_evidence, draw_regions
from emotion.datasets.drawn_faces.eyes import draw_brows, draw_eyes
from emotion.datasets.drawn_faces.hair import BARE, draw_back_hair, draw_front_hair
from emotion.datasets.drawn_faces.head import draw_body, draw_ears, draw_skin
from emotion.datasets.drawn_faces.identity import Identity
from emotion.datasets.drawn_faces.landmarks import compute_landmarks
from emotion.datasets.drawn_faces.mouth import draw_mouth, draw_nose
from emotion.datasets.drawn_faces.nuisance import Scene, degrade
from emotion.datasets.drawn_faces.wrinkles import draw_wrinkles

# Share of the evidence that must stay visible behind an occluder for the label to be fair.
_MIN_VISIBLE_SHARE = 0.4


@dataclass(frozen=True)
class DrawnFace:
    """A finished image of n × n pixels and its masks, all uint8."""

    image: np.ndarray  # RGB (n, n, 3)
    evidence: np.ndarray  # (n, n), 255 or 0
    regions: np.ndarray  # (n, n), values of `data.face_regions.LEVELS`, or 0


def draw_face(
    person: Identity,
    expression: Expression,
    evidence_units: Iterable[int],
    scene: Scene,
    rng: np.random.Generator,
    difficulty: float,
) -> DrawnFace:
    """Draw a face and degrade the image according to `difficulty` (0..1).

    Args:
        person: whose face it is.
        expression: active units with their intensities.
        evidence_units: the units of `expression` that are evidence for the label.
        scene: its projection has the final image size; the canvas is finer.
        rng: the generator of this image, for the occluder and the degradation.
        difficulty: 0 leaves the image as drawn.
    """
    marks = compute_landmarks(person, expression, scene.gaze)
    fine = replace(scene.projection, size=round(scene.projection.size * SUPERSAMPLING))
    canvas = Canvas(fine, _background(scene, fine.size))
    draw_back_hair(canvas, person)
    draw_body(canvas, person)
    if person.hair_style != "scarf":
        draw_ears(canvas, person)
    draw_skin(canvas, person, marks, scene.light)
    draw_wrinkles(canvas, person, marks, expression)
    draw_nose(canvas, person, marks, scene.light)
    draw_beard(canvas, person, marks)
    draw_mouth(canvas, person, marks, expression)
    draw_eyes(canvas, person, marks, expression)
    draw_brows(canvas, person, marks)
    draw_front_hair(canvas, person, scene.light)
    draw_glasses(canvas, person)

    evidence = draw_evidence(marks, expression, evidence_units, scene.projection)
    occluder = scene.occluder
    if occluder == "hair" and person.hair_style in BARE:
        occluder = "hand"
    if occluder:
        outlines = sample_occluder(occluder, person, rng)
        visible = draw_evidence(marks, expression, evidence_units, scene.projection, outlines)
        if visible.sum() >= _MIN_VISIBLE_SHARE * evidence.sum():
            draw_occluder(canvas, occluder, outlines, person, rng)
            evidence = visible
    size = (scene.projection.size,) * 2
    image = cv2.resize(cv2.merge(list(canvas.pixels)), size, interpolation=cv2.INTER_AREA)
    regions = draw_regions(marks, scene.projection)
    return DrawnFace(degrade(image, rng, difficulty), evidence, regions)


def _background(scene: Scene, size: int) -> np.ndarray:
    top, bottom = scene.background
    share = np.linspace(0.0, 1.0, size)[None, :, None]
    return top[:, None, None] * (1 - share) + bottom[:, None, None] * share
