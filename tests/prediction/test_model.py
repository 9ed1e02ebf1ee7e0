"""Every kind of model file gives the same answers, or one sentence that says what is wrong."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.reports import write_report
from emotion.data.cache import CacheParams, open_images
from emotion.data.transforms import preprocess_batch
from emotion.models.inference import predict_logits
from emotion.prediction import onnx_file
from emotion.prediction.loading import load_model
from emotion.prediction.predictor import Predictor
from tests.conftest import make_calibration, make_checkpoint
from tests.prediction.conftest import CLASSES, PREPROCESSING, write_onnx


def test_an_onnx_file_brings_its_classes_preprocessing_and_origin(tmp_path):
    model = load_model(write_onnx(tmp_path / "model.onnx", synthetic_fraction=0.25))
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
    ours = [list(p.probabilities.values()) for p in Predictor(model).predict_batch(paths)]

    images = open_images([str(p) for p in paths], checkpoint.preprocessing, CacheParams())
    logits = predict_logits(checkpoint.build_model(), images, checkpoint.preprocessing)
    expected = torch.softmax(torch.from_numpy(logits) / 2.0, dim=1).numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-5)
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
        [answer] = Predictor.load(tmp_path).predict_batch(paths)
        found.append(np.array(list(answer.probabilities.values())))
    image = torch.from_numpy(checkpoint.preprocessing.read(paths[0]).copy())[None]
    views = preprocess_batch(image, checkpoint.preprocessing)
    network = checkpoint.build_model()
    with torch.no_grad():
        both = (network(views) + network(views.flip(3))) / 2
    np.testing.assert_allclose(found[1], both.softmax(dim=1)[0], atol=1e-5)
    assert abs(found[0] - found[1]).max() > 1e-6


def test_an_answer_below_the_threshold_is_uncertain(tmp_path, faces):
    paths = [faces / "red.jpg", faces / "green.png"]
    highest = [
        max(p.probabilities.values()) for p in Predictor(load(tmp_path)).predict_batch(paths)
    ]
    between = sum(highest) / 2
    assert highest[0] != highest[1]
    answers = Predictor(load(tmp_path, threshold=repr(between), target_error="0.1")).predict_batch(
        paths
    )
    assert [answer.uncertain for answer in answers] == [value < between for value in highest]
    equal = Predictor(load(tmp_path, threshold=repr(highest[0]), target_error="0.1")).predict_batch(
        paths
    )
    assert not equal[0].uncertain  # at the threshold an image is answered


def load(folder, **metadata):
    return load_model(write_onnx(folder / "model.onnx", **metadata))


def test_a_file_without_a_threshold_answers_every_image(tmp_path, faces):
    for metadata in ({}, {"threshold": ""}):
        model = load(tmp_path, **metadata)
        assert model.threshold is None
        assert not any(
            answer.uncertain for answer in Predictor(model).predict_batch([faces / "red.jpg"])
        )


def test_the_calibration_of_an_earlier_version_is_one_sentence(tmp_path):
    make_checkpoint().save(tmp_path / "best_model.pth")
    old = {"temperature": 2.0, "val_nll_before": 1.0, "val_nll_after": 0.9}
    files.write_json(tmp_path / "calibration.json", old)
    with pytest.raises(UserError, match=r"calibration\.json does not have the form .*threshold"):
        load_model(tmp_path / "best_model.pth")


@pytest.mark.parametrize("text", ["2", "nan", "high"])
def test_a_threshold_that_is_no_share_is_rejected(tmp_path, text):
    with pytest.raises(UserError, match="damaged metadata"):
        load(tmp_path, threshold=text)


@pytest.mark.usefixtures("onnx_file")
def test_a_hub_folder_prefers_its_onnx_file(tmp_path):
    (tmp_path / "best_model.pth").write_bytes(b"not read")
    assert load_model(tmp_path).class_names == CLASSES


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.onnx", r"none\.onnx does not exist; `dvc repro` makes models/model\.onnx"),
        ("empty", r"empty has none of model\.onnx, best_model\.pth"),
        ("text.onnx", r"text\.onnx cannot be read as an ONNX model"),
        ("text.pth", r"text\.pth is not a checkpoint of this pipeline"),
        ("text.h5", r"text\.h5 is not a model; give an ONNX file"),
        ("foreign.onnx", r"foreign\.onnx has metadata of format none"),
        ("newer.onnx", r"newer\.onnx has metadata of format 9"),
        ("damaged.onnx", r"damaged\.onnx has damaged metadata"),
        (
            "classes.onnx",
            r"classes\.onnx is not a graph of this pipeline \(probabilities has shape \[3\]",
        ),
        (
            "names.onnx",
            r"names\.onnx has damaged metadata \(class_names is 3, but should be a list",
        ),
        (
            "size.onnx",
            r"size\.onnx is not a graph of this pipeline \(images has shape \[3, 32, 32\]",
        ),
    ],
)
def test_what_is_not_a_model_is_one_sentence(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    for text in ("text.onnx", "text.pth", "text.h5"):
        (tmp_path / text).write_text("no model")
    write_onnx(tmp_path / "foreign.onnx", format=None)
    write_onnx(tmp_path / "newer.onnx", format="9")
    values = json.loads(PREPROCESSING.to_json())
    write_onnx(tmp_path / "damaged.onnx", preprocessing=json.dumps({**values, "std": [0, 0, 0]}))
    write_onnx(tmp_path / "classes.onnx", class_names='["angry", "happy"]')
    write_onnx(tmp_path / "names.onnx", class_names="3")
    write_onnx(tmp_path / "size.onnx", preprocessing=json.dumps({**values, "img_size": 64}))
    with pytest.raises(UserError, match=message) as caught:
        load_model(tmp_path / name)
    assert "\n" not in str(caught.value)


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
    ("change", "reason"),
    [
        (fix_batch, "images takes batches of 1 only"),
        (add_input, "its inputs are images, second, not images alone"),
        (rename_output, "its outputs are logits, other, without probabilities"),
        (loop_without_an_end, "an image takes more than 0.5 s"),
    ],
)
def test_a_graph_is_one_of_this_pipeline_or_refused(tmp_path, monkeypatch, change, reason):
    monkeypatch.setattr(onnx_file, "LONGEST_RUN", 0.5)
    with pytest.raises(UserError, match=f"is not a graph of this pipeline.*{reason}"):
        load_model(changed(tmp_path / "x.onnx", change))
