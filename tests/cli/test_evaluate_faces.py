"""`emotion evaluate` scores the faces for a network of detected faces, and counts what has none."""

import pandas as pd
import pytest
from PIL import Image

from emotion.cli import evaluate
from emotion.core import files
from emotion.data.face_detector import FaceDetector
from tests.data.conftest import draw
from tests.prediction.conftest import CLASSES, write_face_model, write_onnx
from tests.user_errors import user_error

pytestmark = pytest.mark.usefixtures("fast_evaluation")
COLORS = {"angry": (255, 0, 0), "happy": (0, 255, 0), "sad": (0, 0, 255)}


@pytest.fixture
def run(tmp_path):
    def run(model, *extra):
        arguments = [str(model), str(tmp_path / "photos"), "--out", str(tmp_path / "out"), *extra]
        return evaluate.evaluate(evaluate.parse_request(arguments)), tmp_path / "out"

    return run


def photograph(label, ground, seed):
    """A face in the color of its class on a ground in that of another."""
    image = Image.new("RGB", (220, 180), COLORS[ground])
    face = draw(seed, 110)
    image.paste(Image.blend(face, Image.new("RGB", face.size, COLORS[label]), 0.4), (95, 50))
    small = draw(seed + 50, 60)  # of another class; the largest face counts
    image.paste(Image.blend(small, Image.new("RGB", small.size, COLORS[ground]), 0.4), (10, 10))
    return image


@pytest.fixture
def photos(tmp_path):
    """Six photographs, two of them turned, with an attribute; two without a face; one damaged."""
    folder, rows = tmp_path / "photos", []
    folder.mkdir()
    for index in range(6):
        label, ground = CLASSES[index % 3], CLASSES[(index + 1) % 3]
        image = photograph(label, ground, index)
        if index > 3:
            image = image.transpose(Image.Transpose.ROTATE_90)
        image.save(folder / f"{index}.png")
        rows.append({"path": f"{index}.png", "label": label, "age": ("young", "old")[index % 2]})
    for index in (6, 7):
        Image.radial_gradient("L").rotate(index).resize((40, 40)).save(folder / f"{index}.png")
        rows.append({"path": f"{index}.png", "label": "sad", "age": "old"})
    (folder / "8.png").write_text("no image")
    rows.append({"path": "8.png", "label": "sad", "age": "old"})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    return folder


def accuracy_of(out):
    report = files.read_json(out / "report.json")
    return report["test"]["rows"], report["test"]["accuracy"]


@pytest.mark.parametrize("faces", ["box", "aligned"])
@pytest.mark.usefixtures("photos")
def test_the_largest_face_is_scored_and_images_without_one_are_counted_apart(run, tmp_path, faces):
    text, out = run(write_face_model(tmp_path, faces))
    assert accuracy_of(out) == (6, 1)
    assert "6 images" in text
    [damaged, faceless] = [line for line in text.splitlines() if "left out" in line]
    assert damaged.startswith("WARNING: 1 rows left out: 1 not an image")
    assert faceless.startswith("2 images (25.0 %) left out")
    left_out = pd.read_csv(out / "left_out.csv")
    reasons = dict(zip(left_out["path"].str[-5:], left_out["reason"], strict=True))
    assert reasons == {"6.png": "no face", "7.png": "no face", "8.png": "not an image"}
    slices = pd.read_csv(out / "tables" / "slices.csv")
    assert set(slices["attribute"]) == {"age"}  # and no column of the faces
    assert files.read_json(out / "evaluation.json")["cropped"] is False


@pytest.mark.usefixtures("photos")
def test_images_without_a_face_are_no_warning(run, tmp_path, photos):
    (photos / "8.png").write_bytes((photos / "0.png").read_bytes())
    text, _ = run(write_face_model(tmp_path))
    assert "WARNING" not in text
    assert "2 images (22.2 %) left out" in text


@pytest.mark.usefixtures("photos")
def test_other_networks_and_cropped_images_are_scored_whole(run, tmp_path):
    for model, options in (
        (write_onnx(tmp_path / "as_is.onnx"), []),
        (write_face_model(tmp_path), ["--cropped"]),
    ):
        text, out = run(model, *options)
        rows, accuracy = accuracy_of(out)
        assert rows == 8
        assert accuracy < 0.5  # the ground has the color of another class
        assert "face" not in text.replace(str(model), "")
        assert set(pd.read_csv(out / "left_out.csv")["reason"]) == {"not an image"}
        assert set(pd.read_csv(out / "tables" / "slices.csv")["attribute"]) == {"age"}


@pytest.mark.usefixtures("photos")
def test_each_image_is_searched_for_faces_once(run, tmp_path, monkeypatch):
    calls, detect = [], FaceDetector.detect
    monkeypatch.setattr(
        FaceDetector, "detect", lambda *arguments: calls.append(1) or detect(*arguments)
    )
    run(write_face_model(tmp_path))
    assert len(calls) == 8


def test_a_dataset_without_any_face_is_one_sentence(run, tmp_path, photos):
    for index in range(6):
        (photos / f"{index}.png").write_bytes((photos / "6.png").read_bytes())
    with user_error("8", file=photos, key="--cropped", hint="--cropped"):
        run(write_face_model(tmp_path))
    assert not (tmp_path / "out").exists()


def test_a_class_whose_images_show_no_face_is_left_out_and_the_others_are_scored(
    run, tmp_path, photos
):
    rows = pd.read_csv(photos / "labels.csv")
    rows[~((rows["label"] == "sad") & rows["path"].isin([f"{n}.png" for n in range(6)]))].to_csv(
        photos / "labels.csv", index=False
    )
    text, out = run(write_face_model(tmp_path))
    assert accuracy_of(out) == (4, 1)
    assert "2 images (33.3 %) left out" in text
