"""The overlay colors the part of the image that is classified, and nothing else."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageChops

from emotion.cli import heat_map as heat_map_module
from emotion.cli.heat_map import HeatMap
from emotion.data.face import Face
from emotion.data.face_crop import TEMPLATE
from emotion.prediction.loading import find_checkpoint, load_model
from emotion.prediction.model import Model
from emotion.prediction.result import Prediction
from tests.conftest import make_checkpoint
from tests.user_errors import user_error

pytestmark = pytest.mark.slow
GRAY = Image.new("RGB", (300, 200), (90, 90, 90))
VIEW = np.zeros((3, 48, 48), np.float32)


def heat_map_of(folder, **crop):
    checkpoint = make_checkpoint()
    preprocessing = replace(checkpoint.preprocessing, **crop)
    replace(checkpoint, preprocessing=preprocessing).save(folder / "best_model.pth")
    return HeatMap(load_model(folder / "best_model.pth"), folder / "best_model.pth")


@pytest.fixture
def heat_map(tmp_path):
    return heat_map_of(tmp_path)


def noise():
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 256, (200, 300, 3), dtype=np.uint8))


def predict_angry(face):
    scores = {"angry": 1.0, "happy": 0, "sad": 0}
    return [Prediction(image="a", probabilities=scores, face=face)]


def quarter(monkeypatch):
    """An attribution map that is 1 in the upper left quarter of the view."""

    def explain(_, images, *__):
        maps, half = np.zeros((1, *images.shape[2:])), images.shape[2] // 2
        maps[:, :half, :half] = 1
        return SimpleNamespace(maps=maps)

    monkeypatch.setitem(heat_map_module.EXPLAINERS, heat_map_module.METHOD, explain)


def test_color_stays_within_the_crop_of_the_face(heat_map):
    image = noise()
    face = Face(box=(100, 50, 180, 150), score=0.9, landmarks=())
    shown = heat_map(image, predict_angry(face))
    left, top, right, bottom = ImageChops.difference(image, shown).getbbox()
    half = 95 / 1.14 / 2 + 2  # of the center crop of a square of 95 pixels, with rounding
    assert 140 - half <= left < right <= 140 + half
    assert 100 - half <= top < bottom <= 100 + half


def test_the_overlay_of_a_whole_image_is_its_central_view(tmp_path, monkeypatch):
    quarter(monkeypatch)
    colored = colored_part(GRAY, heat_map_of(tmp_path)(GRAY, predict_angry(None)))
    # The image is resized to 55 pixels, of which the network sees 48 from the third on.
    pixel = 200 / 55
    square = [[48 * pixel, 0, 50 + 3 * pixel], [0, 48 * pixel, 3 * pixel]]
    expected = quarter_of(square, GRAY.size)
    assert_alike(colored, expected)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("faces", ["box", "aligned"])
def test_the_overlay_is_rotated_as_the_face_is(tmp_path, monkeypatch, faces, turn):
    """The face is turned by `turn` and 20 degrees more; a box is not rotated by the 20 degrees."""
    quarter(monkeypatch)
    rotation, quarters = rotate(20 - turn), rotate(-turn)
    side, center = 60, np.array([140, 95])
    landmarks = side * (TEMPLATE - 0.5) @ rotation.T + center
    face = Face(
        box=(120, 60, 160, 120) if turn % 180 == 0 else (110, 70, 170, 110),
        score=0.9,
        landmarks=tuple(map(tuple, landmarks)),
        turn=turn,
    )
    heat_map = heat_map_of(tmp_path, faces=faces, face_margin=1.5)
    colored = colored_part(GRAY, heat_map(GRAY, predict_angry(face)))
    axes = 1.5 * side * rotation if faces == "aligned" else 1.5 * 0.95 * 60 * quarters
    middle = center if faces == "aligned" else np.array([140, 90])
    square = np.column_stack([axes, middle - axes.sum(axis=1) / 2])
    assert_alike(colored, quarter_of(square, GRAY.size))


def test_every_face_is_explained_on_the_image_as_it_was(tmp_path, monkeypatch):
    quarter(monkeypatch)
    heat_map, seen = heat_map_of(tmp_path, faces="box"), []
    monkeypatch.setattr(Model, "preprocess", lambda *args: seen.append(args[1]) or VIEW)
    face = Face(box=(100, 50, 180, 150), score=0.9, landmarks=())
    shown = heat_map(GRAY, [*predict_angry(face), *predict_angry(face)])
    assert seen == [GRAY, GRAY]
    assert np.asarray(shown).max() > np.asarray(heat_map(GRAY, predict_angry(face))).max()


def test_an_overlay_at_the_border_stays_in_the_image(tmp_path, monkeypatch):
    quarter(monkeypatch)
    face = Face(box=(-30, -40, 50, 60), score=0.9, landmarks=())
    shown = heat_map_of(tmp_path, faces="box")(GRAY, predict_angry(face))
    expected = quarter_of([[95, 0, 10 - 47.5], [0, 95, 10 - 47.5]], GRAY.size)
    assert_alike(colored_part(GRAY, shown), expected)


def rotate(degrees):
    """The matrix of a rotation, clockwise in an image."""
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def colored_part(image, shown):
    """Where the overlay has at least half of its opacity of 0.6, bool (H, W)."""
    assert shown.size == image.size
    return np.asarray(shown)[..., 0] - 90.0 > 0.3 * (255 - 90)


def quarter_of(square, size):
    """Whether the middle of each pixel is in the upper left quarter of a square, bool (H, W)."""
    columns, rows = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    matrix = np.asarray(square)
    offsets = np.stack([columns - matrix[0, 2], rows - matrix[1, 2]])
    u, v = np.einsum("ij,jhw->ihw", np.linalg.inv(matrix[:, :2]), offsets)
    return (u >= 0) & (u <= 0.5) & (v >= 0) & (v <= 0.5)


def assert_alike(found, expected):
    """But for pixels on the edge of the square."""
    assert expected.any()
    assert (found != expected).sum() <= 0.05 * expected.sum()


def test_only_a_checkpoint_can_be_explained(tmp_path):
    (tmp_path / "best_model.pth").touch()
    assert find_checkpoint(tmp_path) == tmp_path / "best_model.pth"
    with user_error(file="model.onnx"):
        find_checkpoint(tmp_path / "model.onnx")
