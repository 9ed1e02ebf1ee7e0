"""The overlay colors the part of the image that is classified, and nothing else."""

import numpy as np
import pytest
from PIL import Image, ImageChops

from emotion.cli.heat_map import HeatMap
from emotion.data.face_detector import Face
from emotion.prediction.loading import find_checkpoint, load_model
from emotion.prediction.result import Prediction
from tests.conftest import make_checkpoint
from tests.user_errors import user_error

pytestmark = pytest.mark.slow


@pytest.fixture
def heat_map(tmp_path):
    path = tmp_path / "best_model.pth"
    make_checkpoint().save(path)
    return HeatMap(load_model(path), path)


def test_color_stays_within_the_crop_of_the_face(heat_map):
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (200, 300, 3), dtype=np.uint8))
    face = Face(box=(100, 50, 180, 150), score=0.9, landmarks=())
    prediction = Prediction(
        image="a", probabilities={"angry": 1.0, "happy": 0, "sad": 0}, face=face
    )
    shown = heat_map(image, prediction)
    left, top, right, bottom = ImageChops.difference(image, shown).getbbox()
    half = 95 / 1.14 / 2 + 2  # of the center crop of a square of 95 pixels, with rounding
    assert 140 - half <= left < right <= 140 + half
    assert 100 - half <= top < bottom <= 100 + half


def test_only_a_checkpoint_can_be_explained(tmp_path):
    (tmp_path / "best_model.pth").touch()
    assert find_checkpoint(tmp_path) == tmp_path / "best_model.pth"
    with user_error(file="model.onnx"):
        find_checkpoint(tmp_path / "model.onnx")
