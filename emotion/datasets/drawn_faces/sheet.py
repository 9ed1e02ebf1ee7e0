"""Draw a contact sheet of faces: one row per emotion, one column per person."""

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotion.core.seeding import derive_seed
from emotion.data.labels import RECIPE_CLASSES
from emotion.datasets.drawn_faces.action_units import Expression, prototype
from emotion.datasets.drawn_faces.face import draw_face
from emotion.datasets.drawn_faces.identity import sample_identity
from emotion.datasets.drawn_faces.nuisance import sample_scene


def draw_contact_sheet(
    people: int = 8,
    size: int = 112,
    seed: int = 9,
    labels: tuple[str, ...] = RECIPE_CLASSES,
    difficulty: float = 0.12,
) -> Image.Image:
    """Draw clear expressions of the same people under mild nuisance factors, with row labels.

    Args:
        people: number of columns.
        size: width and height of one face in pixels.
        seed: of the people and the scenes.
        labels: keys of PROTOTYPES, one row each.
        difficulty: 0..1, of the nuisance factors only; the expressions are clear prototypes.
    """
    gap, margin = 4, 92
    width = margin + people * (size + gap)
    sheet = Image.new("RGB", (width, len(labels) * (size + gap) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    for row, label in enumerate(labels):
        top = gap + row * (size + gap)
        pen.text((10, top + size // 2), label, "black", ImageFont.load_default(16), anchor="lm")
        for column in range(people):
            person = sample_identity(np.random.default_rng(derive_seed(seed, "sheet", column)))
            rng = np.random.default_rng(derive_seed(seed, "sheet", column, label))
            expression = prototype(label, rng.uniform(0.8, 1.0))
            if label == "happy" and rng.random() < 0.35:  # a smile with the lips closed
                expression = Expression({u: s for u, s in expression.units.items() if u != 25})
            scene = replace(sample_scene(size, rng, difficulty), occluder=None)
            face = draw_face(person, expression, expression.units, scene, rng, difficulty)
            sheet.paste(Image.fromarray(face.image), (margin + column * (size + gap), top))
    return sheet
