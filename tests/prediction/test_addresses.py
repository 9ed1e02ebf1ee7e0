"""An address of the web is recognized where a path is expected, and a path is none."""

from pathlib import Path

import pytest

from emotion.prediction.addresses import is_address
from emotion.prediction.loading import find_checkpoint, load_model
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import list_sources
from tests.user_errors import user_error

FACE = "https://example.org/face.jpg?size=[1]&a=*"


def test_an_address_among_the_images_is_one_error_that_says_how_to_download_it(onnx_file):
    [source] = list_sources([FACE])
    predictor = Predictor.load(onnx_file)
    [result] = predictor.predict_sources([source])
    assert result.error.file == FACE
    assert f"curl -s '{FACE}' | emotion predict -" in result.error.hint
    for face in (FACE, Path(FACE)):  # Path merges the slashes
        with user_error() as caught:
            predictor.predict(face)
        assert caught.value.file == FACE


def test_an_address_of_a_video_is_not_sent_to_standard_input(onnx_file):
    [source] = list_sources(["http://example.org/clip.mp4"])
    assert not source.is_video
    with user_error(hint="curl -sO http://example.org/clip.mp4"):
        Predictor.load(onnx_file).predict(source.name)


def test_other_schemes_have_no_command(onnx_file):
    for address in ("s3://bucket/face.jpg", "file:///home/face.jpg"):
        with user_error() as caught:
            Predictor.load(onnx_file).predict(address)
        assert caught.value.file == address
        assert "curl" not in str(caught.value)


@pytest.mark.parametrize("address", ["file:///home/a b.jpg", "file:/home/a b.jpg"])
def test_the_address_of_a_file_here_is_answered_with_its_path(onnx_file, address):
    with user_error(hint="the path alone: '/home/a b.jpg'"):
        Predictor.load(onnx_file).predict(address)


def test_an_address_of_a_model_is_no_missing_file():
    for load in (load_model, find_checkpoint):
        with user_error(hint="curl -sO") as caught:
            load(Path("https://example.org/model.onnx"))
        assert caught.value.file == "https://example.org/model.onnx"


@pytest.mark.parametrize(
    "path", ["C:/face.jpg", "C:\\face.jpg", "a:b.jpg", "./http://x", "faces/a", ""]
)
def test_a_path_is_no_address(path):
    assert not is_address(path)


def test_what_exists_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("http:/example.org").mkdir(parents=True)
    assert not is_address("http://example.org")
    assert is_address("http://example.net")
