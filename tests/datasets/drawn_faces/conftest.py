"""A person and a scene."""

import numpy as np
import pytest

from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.canvas import Projection
from emotion.datasets.drawn_faces.identity import Identity, sample_identity
from emotion.datasets.drawn_faces.nuisance import Scene

NEUTRAL = Expression({})


@pytest.fixture
def person() -> Identity:
    return sample_identity(np.random.default_rng(3))


@pytest.fixture
def studio() -> Scene:
    """A frontal view in even light, 112 px."""
    return Scene(
        projection=Projection(size=112),
        light=np.array([0.0, 0.0, 1.0]),
        background=np.full((2, 3), 128.0),
        gaze=(0.0, 0.0),
        occluder=None,
    )
