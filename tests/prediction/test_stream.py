"""A stream keeps the order, whatever its batches and threads, and takes no more than it needs."""

import itertools

import pytest
from PIL import Image

from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source
from emotion.prediction.stream import AHEAD, predict_stream


@pytest.fixture
def predictor(onnx_file):
    return Predictor.load(onnx_file, threads=1)


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (1, 4), (2, 2), (16, 3)])
def test_each_image_has_its_own_prediction_and_a_bad_file_its_own_error(
    predictor, faces, batch_size, workers
):
    names = ["green.png", "notes.txt", "red.jpg", "gone.png", "deep/blue.PNG"] * 5
    sources = [Source.of(faces / name) for name in names]
    found = list(predict_stream(predictor, sources, batch_size=batch_size, workers=workers))
    assert [prediction.image for prediction in found] == [str(faces / name) for name in names]
    for name, prediction in zip(names, found, strict=True):
        assert bool(prediction.error) == (name in {"notes.txt", "gone.png"})
        expected = {} if prediction.error else predictor.predict(faces / name).probabilities
        assert prediction.probabilities == pytest.approx(expected, abs=1e-6)


def test_an_endless_source_is_taken_as_needed(predictor, faces):
    taken = itertools.count()
    sources = (Source.of(faces / "red.jpg") for _ in taken)
    predictions = predict_stream(predictor, sources, batch_size=2, workers=2)
    assert next(predictions).label == "angry"
    predictions.close()
    assert next(taken) <= AHEAD * 2 * 2 + 1


def test_a_single_worker_classifies_a_frame_before_it_takes_the_next(predictor, faces):
    taken = []

    def camera():
        for _ in range(3):
            taken.append(1)
            yield Source.of(faces / "red.jpg")

    predictions = predict_stream(predictor, camera(), batch_size=1, workers=1)
    for count in (1, 2, 3):
        assert next(predictions).label == "angry"
        assert len(taken) == count


def test_a_video_ends_with_an_error_if_none_of_its_frames_gives_a_prediction(predictor, faces):
    black = Image.new("RGB", (40, 40))

    def frames(name, *contents):
        return [Source(name=name, content=content, time=1.0) for content in contents]

    red = faces / "red.jpg"
    empty, partly = frames("a.mp4", black, black), frames("b.mp4", black, red, black)
    sources = [*empty, *partly, *frames("c.gif", black), Source.of(red), *frames("d.mp4", black)]
    found = list(predict_stream(predictor, sources, batch_size=2, workers=2))
    names = ["a.mp4", "b.mp4", "c.gif", str(red), "d.mp4"]
    assert [prediction.image for prediction in found] == names
    assert [bool(prediction.error) for prediction in found] == [True, False, True, False, True]
    assert "blank" in found[0].error
    *_, last = predict_stream(predictor, empty, min_face=20)
    assert last.no_face


def test_an_image_without_a_face_is_an_error_but_a_frame_is_not(predictor, party, faces):
    path = faces / "red.jpg"
    frame, other = (Source(name="clip.mp4", content=c, time=1.0) for c in (path, party))
    [prediction, *of_clip] = predict_stream(predictor, [Source.of(path), frame, other], min_face=20)
    assert [p.image for p in of_clip] == ["clip.mp4"] * 3
    assert not any(p.error for p in of_clip)
    assert prediction.image == str(path)
    assert str(path) in prediction.error
    assert " 20 pixels" in prediction.error


def test_on_result_is_called_once_per_source_and_its_errors_are_reported(predictor, faces):
    seen = []

    def draw(result):
        seen.append(result.source.name)
        return "disk full" if result.source.name.endswith("red.jpg") else ""

    sources = [Source.of(faces / name) for name in ("green.png", "notes.txt", "red.jpg")]
    found = list(predict_stream(predictor, sources, on_result=draw, batch_size=1, workers=2))
    assert sorted(seen) == sorted(source.name for source in sources)
    assert (found[-1].image, found[-1].error) == (str(faces / "red.jpg"), "disk full")


def test_an_error_of_the_program_is_raised(predictor, faces):
    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(predict_stream(predictor, [Source.of(faces / "red.jpg")], on_result=fail))
