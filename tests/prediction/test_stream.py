"""A stream keeps the order, whatever its batches and threads, and takes no more than it needs."""

import itertools
import os

import numpy as np
import pytest

from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source
from emotion.prediction.stream import AHEAD, predict_stream


@pytest.fixture
def predictor(onnx_file):
    return Predictor.load(onnx_file, threads=1)


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (1, 4), (2, 2), (16, 3)])
def test_each_image_gets_its_own_answer_and_a_bad_file_its_own_error(
    predictor, faces, batch_size, workers
):
    names = ["green.png", "notes.txt", "red.jpg", "gone.png", "deep/blue.PNG"] * 5
    sources = [Source.of(faces / name) for name in names]
    answers = list(predict_stream(predictor, sources, batch_size=batch_size, workers=workers))
    assert [answer.image for answer in answers] == [str(faces / name) for name in names]
    labels = {"green.png": "happy", "red.jpg": "angry", "deep/blue.PNG": "sad"}
    assert [answer.label for answer in answers] == [labels.get(name, "") for name in names]
    assert all(bool(answer.error) != bool(answer.probabilities) for answer in answers)


def test_the_answers_do_not_depend_on_the_batches(predictor, faces):
    sources = [Source.of(faces / name) for name in ("green.png", "red.jpg")] * 4
    found = [
        [list(a.probabilities.values()) for a in predict_stream(predictor, sources, batch_size=n)]
        for n in (1, 3, 8)
    ]
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    np.testing.assert_allclose(found[2], found[0], atol=1e-6)


def test_an_endless_source_is_taken_as_it_is_needed(predictor, faces):
    taken = itertools.count()
    sources = (Source.of(faces / "red.jpg") for _ in taken)
    answers = predict_stream(predictor, sources, batch_size=2, workers=2)
    assert next(answers).label == "angry"
    answers.close()
    assert next(taken) <= AHEAD * 2 * 2 + 1


def test_a_single_worker_answers_a_frame_before_it_takes_the_next(predictor, faces):
    taken = []

    def camera():
        for _ in range(3):
            taken.append(1)
            yield Source.of(faces / "red.jpg")

    answers = predict_stream(predictor, camera(), batch_size=1, workers=1)
    for count in (1, 2, 3):
        assert next(answers).label == "angry"
        assert len(taken) == count


def test_an_image_without_a_face_is_an_error_but_a_frame_is_not(predictor, faces):
    image = Source.of(faces / "red.jpg")
    frame = Source(name="clip.mp4", content=faces / "red.jpg", time=1.0)
    [answer] = predict_stream(predictor, [image, frame], min_face=20)
    assert answer.error.endswith("red.jpg shows no face of at least 20 pixels.")


def test_what_follows_is_called_once_per_source(predictor, faces):
    seen = []
    sources = [Source.of(faces / name) for name in ("green.png", "notes.txt", "red.jpg")]
    list(predict_stream(predictor, sources, then=seen.append, batch_size=1, workers=2))
    assert {answered.source.name for answered in seen} == {source.name for source in sources}


def test_an_error_of_the_program_is_not_swallowed(predictor, faces):
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(predict_stream(predictor, [Source.of(faces / "red.jpg")], then=fail))


def test_a_named_pipe_is_reported_and_not_waited_for(predictor, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    [answer] = predict_stream(predictor, [Source.of(tmp_path / "pipe.png")])
    assert "not a regular file" in answer.error
