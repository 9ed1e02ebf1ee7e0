"""A photograph-like scene, drawn faces at known places on a gray ground; EXIF orientations."""

import numpy as np
import pytest
from PIL import Image

from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.canvas import Projection
from emotion.datasets.drawn_faces.face import draw_face
from emotion.datasets.drawn_faces.identity import sample_identity
from emotion.datasets.drawn_faces.nuisance import Scene

# EXIF orientation to the transform that makes the stored image upright.
UPRIGHT = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.swapaxes(stored, 0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(np.swapaxes(stored, 0, 1), 2),
    8: np.rot90,
}
PLACES = {(20, 40): 112, (230, 10): 200, (480, 250): 80}  # left, top: side, pixels


def draw(seed, size):
    scene = Scene(
        projection=Projection(size=size),
        light=np.array([0.0, 0.0, 1.0]),
        background=np.full((2, 3), 128.0),
        gaze=(0.0, 0.0),
        occluder=None,
    )
    person = sample_identity(np.random.default_rng(seed))
    random = np.random.default_rng(seed)
    return Image.fromarray(draw_face(person, Expression({}), [], scene, random, 0.0).image)


def draw_party():
    """Three faces in 640 x 360 pixels."""
    image = Image.new("RGB", (640, 360), (128, 128, 128))
    for seed, (place, side) in enumerate(PLACES.items(), start=3):
        image.paste(draw(seed, side), place)
    return image


@pytest.fixture(scope="session")
def party():
    return draw_party()
