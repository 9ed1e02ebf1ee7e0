"""Runtimes other than ONNX Runtime open the exported files, and their outputs agree."""

import cv2
import numpy as np
import onnxruntime
import pytest

from emotion.export import opsets
from emotion.export.onnx_model import save_onnx
from emotion.export.quantization import fp16
from tests.conftest import make_checkpoint
from tests.export.conftest import export

pytestmark = pytest.mark.extras

# Its paddings depend on the size of its input, as those of tf_efficientnet_lite0.
BACKBONE, SIZE = "tf_mobilenetv3_small_minimal_100", 64
IMAGES = np.random.default_rng(0).random((1, 3, SIZE, SIZE), dtype=np.float32)


@pytest.fixture(scope="module", params=[18, 17, 13, 11])
def file(request, tmp_path_factory):
    """The float32 file of each opset."""
    path = tmp_path_factory.mktemp("opset") / f"{request.param}.onnx"
    with pytest.MonkeyPatch.context() as monkeypatch:
        if request.param < 18:
            monkeypatch.delitem(opsets.EXPORTERS, "torch.export")  # cannot reach it
        save_onnx(export(make_checkpoint(BACKBONE, img_size=SIZE), opset=request.param), path)
    return path


def outputs_of(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits", "probabilities"], {"images": IMAGES})


def outputs_of_opencv(path):
    network = cv2.dnn.readNetFromONNX(str(path))
    network.setInput(IMAGES, "images")
    return network.forward(["logits", "probabilities"])


def test_opencv_4_opens_the_file_of_every_opset(file):
    assert cv2.__version__ == "4.12.0"
    for actual, expected in zip(outputs_of_opencv(file), outputs_of(file), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_opencv_4_opens_the_fp16_file(file, tmp_path):
    save_onnx(fp16(file, IMAGES), tmp_path / "fp16.onnx")
    for actual, expected in zip(
        outputs_of_opencv(tmp_path / "fp16.onnx"), outputs_of(file), strict=True
    ):
        np.testing.assert_allclose(actual, expected, atol=0.02)


@pytest.mark.parametrize("batch", ["1", "batch"])
def test_tract_takes_a_fixed_and_a_symbolic_batch_size(file, batch):
    import tract

    model = tract.onnx().load(str(file))
    model.set_input_fact(0, f"{batch},3,{SIZE},{SIZE},f32")
    logits, _ = model.into_model().into_runnable().run([IMAGES])
    np.testing.assert_allclose(logits.to_numpy(), outputs_of(file)[0], atol=1e-5)
