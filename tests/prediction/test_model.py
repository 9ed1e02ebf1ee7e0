"""Every kind of model file gives the same predictions, or an error that names what is wrong."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from emotion.core import files
from emotion.core.reports import write_report
from emotion.data.cache import CacheParams, open_images
from emotion.data.face import FaceImage
from emotion.data.transforms import preprocess_batch
from emotion.models.inference import predict_logits
from emotion.prediction import onnx_file
from emotion.prediction.loading import load_model
from emotion.prediction.predictor import Predictor
from tests.conftest import make_calibration, make_checkpoint
from tests.prediction.conftest import CLASSES, PREPROCESSING, write_onnx
from tests.user_errors import user_error


def load(folder, **metadata):
    return load_model(write_onnx(folder / "model.onnx", **metadata))


def probabilities_of(predictor, paths):
    found = predictor.predict_batch(paths)
    return np.array([list(prediction.probabilities.values()) for prediction in found])


def test_an_onnx_file_has_its_classes_preprocessing_and_origin(tmp_path):
    model = load(tmp_path, synthetic_fraction=0.25)
    assert model.class_names == CLASSES
    assert model.preprocessing == PREPROCESSING
    assert model.synthetic_fraction == 0.25


@pytest.mark.parametrize("grayscale", [False, True])
def test_a_checkpoint_predicts_what_evaluation_computes(tmp_path, faces, grayscale):
    checkpoint = make_checkpoint(grayscale=grayscale)
    checkpoint.save(tmp_path / "hub" / "best_model.pth")
    calibration = make_calibration(2.0, threshold=0.9, target_error=0.2)
    write_report(tmp_path / "hub" / "calibration.json", calibration)
    paths = [faces / "red.jpg", faces / "green.png"]

    model = load_model(tmp_path / "hub")  # a folder without model.onnx
    files = [FaceImage(str(path)) for path in paths]
    images = open_images(files, checkpoint.preprocessing, CacheParams())
    logits = predict_logits(checkpoint.build_model(), images, checkpoint.preprocessing)
    expected = torch.softmax(torch.from_numpy(logits) / 2.0, dim=1).numpy()
    np.testing.assert_allclose(probabilities_of(Predictor(model), paths), expected, atol=1e-5)
    assert (model.threshold, model.target_error) == (0.9, 0.2)


def test_a_checkpoint_averages_mirror_images_if_its_calibration_says_so(tmp_path):
    checkpoint = make_checkpoint()
    checkpoint.save(tmp_path / "best_model.pth")
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))  # brighter to the right
    Image.fromarray(ramp).convert("RGB").save(tmp_path / "ramp.png")
    paths = [tmp_path / "ramp.png"]
    found = []
    for flip in (False, True):
        write_report(tmp_path / "calibration.json", make_calibration(flip=flip))
        found.append(probabilities_of(Predictor.load(tmp_path), paths))
    read = checkpoint.preprocessing.read(FaceImage(str(paths[0])))
    image = torch.from_numpy(read.copy())[None]
    inputs = preprocess_batch(image, checkpoint.preprocessing)
    network = checkpoint.build_model()
    with torch.no_grad():
        both = (network(inputs) + network(inputs.flip(3))) / 2
    np.testing.assert_allclose(found[1], both.softmax(dim=1), atol=1e-5)
    assert abs(found[0] - found[1]).max() > 1e-6


def test_a_prediction_below_the_threshold_is_uncertain(tmp_path, faces):
    paths = [faces / "red.jpg", faces / "green.png"]
    highest = probabilities_of(Predictor(load(tmp_path)), paths).max(axis=1)
    assert highest[0] != highest[1]
    for threshold in (highest.mean(), highest[0], None):  # at the threshold, it is not uncertain
        text = "" if threshold is None else repr(float(threshold))
        model = load(tmp_path, threshold=text, target_error="0.1")
        assert model.threshold == threshold
        found = [prediction.uncertain for prediction in Predictor(model).predict_batch(paths)]
        assert found == (highest < (threshold or 0)).tolist()
    assert load(tmp_path).threshold is None


def test_the_calibration_of_an_earlier_version_is_refused(tmp_path):
    make_checkpoint().save(tmp_path / "best_model.pth")
    old = {"temperature": 2.0, "val_nll_before": 1.0, "val_nll_after": 0.9}
    files.write_json(tmp_path / "calibration.json", old)
    with user_error("threshold", file="calibration.json"):
        load_model(tmp_path / "best_model.pth")


@pytest.mark.parametrize("name", ["best_model.pth", "model.safetensors"])
def test_a_checkpoint_carries_how_its_faces_are_cropped(tmp_path, party, name):
    checkpoint = make_checkpoint()
    crop = replace(checkpoint.preprocessing, faces="aligned", face_margin=1.25)
    replace(checkpoint, preprocessing=crop).save(tmp_path / name)
    predictor = Predictor.load(tmp_path / name)
    assert predictor.model.preprocessing == crop
    assert predictor.finds_faces
    assert predictor.predict(party).face


@pytest.mark.usefixtures("onnx_file")
def test_a_hub_folder_prefers_its_onnx_file(tmp_path):
    (tmp_path / "best_model.pth").write_bytes(b"not read")
    assert load_model(tmp_path).class_names == CLASSES


@pytest.mark.parametrize("name", ["none.onnx", "empty", "text.onnx", "text.pth", "text.h5"])
def test_what_is_not_a_model_is_one_line_that_names_the_file(tmp_path, name):
    (tmp_path / "empty").mkdir()
    for text in ("text.onnx", "text.pth", "text.h5"):
        (tmp_path / text).write_text("no model")
    with user_error(file=name) as caught:
        load_model(tmp_path / name)
    assert "\n" not in str(caught.value)


def preprocessing(**changes):
    return json.dumps({**json.loads(PREPROCESSING.to_json()), **changes})


@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ({"format": None}, ["format", "none", "1"]),
        ({"format": "9"}, ["format", "9", "1"]),
        ({"preprocessing": preprocessing(std=[0, 0, 0])}, ["preprocessing", "std"]),
        ({"class_names": "3"}, ["class_names", "3"]),
        ({"class_names": None}, ["class_names"]),
        ({"threshold": "2"}, ["threshold", "2"]),
        ({"threshold": "nan"}, ["threshold", "nan"]),
        ({"threshold": "high"}, ["threshold", "high"]),
        ({"class_names": '["angry", "happy"]'}, ["probabilities", "[3]", "[2]"]),
        ({"preprocessing": preprocessing(img_size=64)}, ["images", "[3, 32, 32]", "[3, 64, 64]"]),
    ],
)
def test_metadata_of_another_format_range_or_graph_is_refused(tmp_path, metadata, names):
    with user_error(*names, file="model.onnx", hint="dvc repro export_onnx"):
        load(tmp_path, **metadata)


def changed(path, change):
    model = onnx.load(write_onnx(path))
    change(model.graph)
    onnx.save(model, path)
    return path


def fix_batch(graph):
    dimension = graph.input[0].type.tensor_type.shape.dim[0]
    dimension.ClearField("dim_param")
    dimension.dim_value = 1


def add_input(graph):
    graph.input.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, [1]))


def rename_output(graph):
    graph.output[1].name = graph.node[2].output[0] = "other"


def loop_without_an_end(graph):
    flag = helper.make_tensor_value_info("flag", TensorProto.BOOL, [])
    after = helper.make_tensor_value_info("flag_after", TensorProto.BOOL, [])
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in ("v", "w")
    ]
    number = helper.make_tensor_value_info("number", TensorProto.INT64, [])
    nodes = [
        helper.make_node("Identity", ["flag"], ["flag_after"]),
        helper.make_node("Add", ["v", "v"], ["w"]),
    ]
    body = helper.make_graph(nodes, "body", [number, flag, values[0]], [after, values[1]])
    graph.node[1].output[0] = "start"
    graph.node.insert(2, helper.make_node("Loop", ["times", "", "start"], ["logits"], body=body))
    graph.initializer.append(helper.make_tensor("times", TensorProto.INT64, [], [10**12]))


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (fix_batch, ["images", "1"]),
        (add_input, ["images", "second"]),
        (rename_output, ["logits", "other", "probabilities"]),
        (loop_without_an_end, ["0.5 s"]),
    ],
)
def test_a_graph_is_one_of_this_pipeline_or_refused(tmp_path, monkeypatch, change, names):
    monkeypatch.setattr(onnx_file, "LONGEST_RUN", 0.5)
    with user_error(*names, file="x.onnx", hint="dvc repro export_onnx"):
        load_model(changed(tmp_path / "x.onnx", change))
