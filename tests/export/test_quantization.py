"""int8 and fp16 files have nearly the outputs of the float32 file, in float32."""

import numpy as np
import onnx
import onnxruntime
import pytest

from emotion.export.onnx_model import save_onnx
from emotion.export.quantization import RECIPES
from tests.conftest import make_checkpoint
from tests.export.conftest import SIZE, export

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def examples():
    return np.random.default_rng(0).random((20, 3, SIZE, SIZE), dtype=np.float32)


@pytest.fixture(scope="module")
def vit_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vit") / "model.onnx"
    save_onnx(export(make_checkpoint("test_vit", img_size=SIZE)), path)
    return path


def build(recipe, path, examples, folder):
    model = RECIPES[recipe](path, examples)
    save_onnx(model, folder / "small.onnx")
    return model, folder / "small.onnx"


def outputs_of(path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits", "probabilities"], {"images": images})


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("network", ["small", "vit"])
def test_each_recipe_keeps_inputs_and_outputs(
    recipe, network, small_onnx, vit_file, examples, tmp_path
):
    source = {"small": small_onnx, "vit": vit_file}[network]
    model, path = build(recipe, source, examples, tmp_path)
    graph = onnx.load(source).graph
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert [i.type for i in model.graph.input] == [i.type for i in graph.input]
    assert [o.name for o in model.graph.output] == ["logits", "probabilities"]
    for size in (1, 5):
        expected, actual = (outputs_of(p, examples[:size]) for p in (source, path))
        assert actual[0].shape == expected[0].shape
        np.testing.assert_allclose(actual[1], expected[1], atol=0.1)
        np.testing.assert_allclose(actual[1].sum(axis=1), 1, atol=2e-3)


def test_static_int8_has_a_scale_per_output_channel(small_onnx, examples, tmp_path):
    model, _ = build(("int8", "static, all operators"), small_onnx, examples, tmp_path)
    scales = {i.name: i for i in model.graph.initializer if i.name.endswith("_scale")}
    assert [8] in [list(s.dims) for s in scales.values()]  # the convolution has 8 channels
    assert any(i.data_type == onnx.TensorProto.INT8 for i in model.graph.initializer)


def test_dynamic_int8_leaves_convolutions_alone(small_onnx, examples, tmp_path):
    model, _ = build(("int8", "dynamic, matrix products"), small_onnx, examples, tmp_path)
    assert "Conv" in {node.op_type for node in model.graph.node}


def test_fp16_stores_its_weights_in_16_bits(small_onnx, examples, tmp_path):
    model, _ = build(("fp16", "all operators"), small_onnx, examples, tmp_path)
    kinds = {i.data_type for i in model.graph.initializer if len(i.dims) > 1}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_calibration_decides_the_ranges(small_onnx, examples, tmp_path):
    recipe = ("int8", "static, all operators")
    _, wide = build(recipe, small_onnx, examples, tmp_path)
    before = outputs_of(wide, examples)[0]
    _, narrow = build(recipe, small_onnx, examples / 100, tmp_path)  # larger values are clipped
    expected = outputs_of(small_onnx, examples)[0]
    after = outputs_of(narrow, examples)[0]
    assert np.abs(before - expected).max() < np.abs(after - expected).max() / 2
