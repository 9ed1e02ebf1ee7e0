"""Files that an earlier commit wrote still load, and predict what that commit predicted.

written_by_b825539/ has the Hub folder of a `dvc repro` at that commit, with a vision transformer of
70,000 parameters from `local-dir:`; omitted.pth was saved by its `Checkpoint.save`, with a block
left out and names of averaged runs; predictions.json is what its `Predictor` gave for `picture`.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.models.checkpoint import load_checkpoint
from emotion.prediction.loading import load_model
from emotion.prediction.predictor import Predictor

FOLDER = Path(__file__).parent / "written_by_b825539"
PREDICTIONS = json.loads((FOLDER / "predictions.json").read_text())


def picture():
    ramp = np.add.outer(np.arange(40), np.arange(40)).astype(np.uint8) * 3
    return Image.fromarray(np.stack([ramp, ramp.T, 255 - ramp], axis=-1))


@pytest.mark.parametrize(
    "name", ["hub/model.onnx", "hub/best_model.pth", "hub/model.safetensors", "omitted.pth"]
)
def test_a_file_predicts_what_it_predicted(name):
    found = Predictor.load(FOLDER / name).predict(picture()).probabilities
    expected = PREDICTIONS[Path(name).name]
    assert list(found) == list(expected)
    # Another processor rounds in another way.
    np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=1e-5)


@pytest.mark.parametrize(
    "name", ["hub", "hub/model.onnx", "hub/best_model.pth", "hub/model.safetensors", "omitted.pth"]
)
def test_a_file_that_says_nothing_of_faces_takes_images_as_they_are(name):
    preprocessing = load_model(FOLDER / name).preprocessing
    assert (preprocessing.faces, preprocessing.face_margin) == ("as_is", 1.0)
    assert not Predictor.load(FOLDER / name).finds_faces


def test_the_files_were_written_without_the_keys_of_the_crop():
    assert "faces" not in json.loads((FOLDER / "hub" / "preprocessing.json").read_text())
    for name in ("model.onnx", "best_model.pth", "model.safetensors"):
        assert b"face_margin" not in (FOLDER / "hub" / name).read_bytes()


def test_a_hub_folder_loads():
    found = Predictor.load(FOLDER / "hub").predict(picture())
    assert found.confidence == pytest.approx(max(PREDICTIONS["model.onnx"].values()), abs=1e-5)


def test_what_a_checkpoint_says_of_itself_is_read():
    checkpoint = load_checkpoint(FOLDER / "omitted.pth")
    assert (checkpoint.omitted, checkpoint.ingredients) == (["blocks.1"], ["a", "b"])
    assert checkpoint.model_type == "local-dir:data/weights/tiny"
