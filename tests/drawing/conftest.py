import numpy as np
import pytest

from emotion.drawing.action_units import Expression
from emotion.drawing.canvas import Projection
from emotion.drawing.identity import Identity, sample_identity
from emotion.drawing.nuisance import Scene

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
