"""The target opset is what the graph declares, by whichever exporter reaches it."""

import onnx
import pytest
import torch
from onnx import helper
from torch import nn

from emotion.export import export as export_module
from emotion.export import opsets
from emotion.export.export import export_checkpoint
from emotion.export.graph import opset_of
from emotion.export.opsets import Attempt, attempt_exports
from emotion.export.params import ExportParams
from emotion.export.parity import compare
from tests.conftest import make_checkpoint
from tests.export.conftest import CALIBRATION, export, reference_of
from tests.user_errors import user_error

pytestmark = pytest.mark.slow


class InPlace(nn.Module):
    """A residual addition in place, of the input of a ReLU in place."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 1)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, images):
        features = self.convolution(images)
        features += self.activation(features)
        logits = features.mean(dim=(2, 3))
        return logits, logits.softmax(dim=1)


@pytest.mark.parametrize(
    "family", ["test_resnet", "test_convnext", "test_efficientnet", "test_vit"]
)
@pytest.mark.parametrize("opset", [17, 13, 11])
def test_every_family_reaches_older_opsets_with_the_same_outputs(family, opset, cached):
    checkpoint = make_checkpoint(family, img_size=32)
    model = export(checkpoint, opset=opset)
    assert opset_of(model) == opset
    compare(model, reference_of(checkpoint, cached)).require(1e-4)


@pytest.mark.parametrize("opset", [17, 11])
def test_paddings_that_depend_on_the_size_are_constants(opset, cached, monkeypatch):
    monkeypatch.delitem(opsets.EXPORTERS, "torch.export")  # cannot reach them
    checkpoint = make_checkpoint("tf_mobilenetv3_small_minimal_100", img_size=32)
    model = export(checkpoint, opset=opset)
    compare(model, reference_of(checkpoint, cached)).require(1e-4)
    computed = {"Shape", "Gather", "Cast", "Ceil", "ConstantOfShape", "Concat", "Slice"}
    assert not computed & {node.op_type for node in model.graph.node}
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_operations_in_place_do_not_change_the_outputs():
    network = InPlace().eval()
    images = torch.rand(3, 3, 8, 8)
    with torch.no_grad():
        expected = network(images)
    for opset in (18, 11):
        model = next(a.model for a in attempt_exports(network, 8, opset) if a.model)
        actual = onnx.reference.ReferenceEvaluator(model).run(None, {"images": images.numpy()})
        torch.testing.assert_close(torch.from_numpy(actual[0]), expected[0])


def identity_at(opset):
    a, b = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "ab")
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "g", [a], [b])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def test_an_exporter_that_fails_or_leaves_another_opset_gives_way_to_the_next(monkeypatch):
    newer, older = identity_at(18), identity_at(17)

    def fail(*_):
        raise RuntimeError("No Adapter")

    exporters = {"fails": fail, "newer": lambda *_: newer, "reaches": lambda *_: older}
    monkeypatch.setattr(opsets, "EXPORTERS", exporters)
    attempts = list(attempt_exports(nn.Identity(), 32, 17))
    assert [(a.exporter, a.constant_folding, bool(a.model)) for a in attempts] == [
        ("fails", True, False),
        ("newer", True, False),
        ("reaches", True, True),
        ("fails", False, False),
        ("newer", False, False),
        ("reaches", False, True),
    ]
    assert attempts[0].problem == "RuntimeError: No Adapter"
    assert attempts[1].problem == "the graph declares opset 18"


def test_an_opset_out_of_reach_names_the_lowest_within(
    small_checkpoint, rows, tmp_path, monkeypatch
):
    def attempts(_, __, opset):
        yield Attempt(exporter="any", constant_folding=True, model=object() if opset > 14 else None)

    monkeypatch.setattr(export_module, "attempt_exports", attempts)
    path = tmp_path / "model.onnx"
    with user_error("small.none", 12, key="export_onnx.opset", hint="15"):
        export_checkpoint(small_checkpoint, CALIBRATION, rows, ExportParams(opset=12), {}, path)
    assert not path.exists()


def test_a_graph_with_other_outputs_gives_way_to_the_next(
    small_checkpoint, rows, tmp_path, monkeypatch
):
    good = export(small_checkpoint)
    small_checkpoint.state_dict["4.bias"][0] += 1
    bad = export(small_checkpoint)
    small_checkpoint.state_dict["4.bias"][0] -= 1

    def attempts(*_):
        yield Attempt(exporter="bad", constant_folding=True, model=bad)
        yield Attempt(exporter="good", constant_folding=False, model=good)

    monkeypatch.setattr(export_module, "attempt_exports", attempts)
    report = export_checkpoint(
        small_checkpoint, CALIBRATION, rows, ExportParams(), {}, tmp_path / "model.onnx"
    )
    assert (report.exporter, report.constant_folding) == ("good", False)
    [failed] = report.failed
    assert failed.startswith("bad with constant folding")
