"""Predictions are in the order of the files, whatever the batch size or the files between them."""

import os

import pytest

from emotion.prediction.model import load_model
from emotion.prediction.predict import predict


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_each_image_gets_its_own_answer_and_a_bad_file_its_own_error(onnx_file, faces, batch_size):
    names = ["green.png", "notes.txt", "red.jpg", "gone.png", "deep/blue.PNG"]
    answers = list(predict(load_model(onnx_file), [faces / n for n in names], batch_size))
    assert [answer.path for answer in answers] == [faces / name for name in names]
    assert [answer.label for answer in answers if not answer.error] == ["happy", "angry", "sad"]
    assert "cannot be read" in answers[1].error
    assert "gone.png is missing" in answers[3].error
    for answer in answers:
        assert bool(answer.error) != bool(answer.probabilities)
        if not answer.error:
            assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_a_named_pipe_is_reported_and_not_waited_for(onnx_file, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    [answer] = predict(load_model(onnx_file), [tmp_path / "pipe.png"])
    assert answer.error.endswith("pipe.png is not a regular file.")


def test_only_unreadable_files_give_only_errors(onnx_file, faces):
    answers = list(predict(load_model(onnx_file), [faces / "notes.txt", faces]))
    assert all(answer.error and not answer.probabilities for answer in answers)
