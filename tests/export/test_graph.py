"""A file is a valid graph, and has nothing in it that only some runtimes accept."""

import pytest
from onnx import TensorProto, helper

from emotion.export.graph import check_graph, opset_of, strip
from emotion.export.onnx_model import save_onnx


def tensor(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2])


def graph_of(*nodes):
    """A model from `images` to `logits`, both (N, 2)."""
    graph = helper.make_graph(list(nodes), "g", [tensor("images")], [tensor("logits")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


FIRST = helper.make_node("Relu", ["images"], ["hidden"])
LAST = helper.make_node("Neg", ["hidden"], ["logits"])


def test_a_graph_in_an_order_that_only_onnx_runtime_accepts_is_not_written(tmp_path):
    save_onnx(graph_of(FIRST, LAST), tmp_path / "sorted.onnx")
    with pytest.raises(ValueError, match=r"not a valid graph \(.*topologically sorted"):
        save_onnx(graph_of(LAST, FIRST), tmp_path / "unsorted.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["sorted.onnx"]


def test_shapes_that_contradict_the_nodes_are_no_valid_graph():
    model = graph_of(FIRST, LAST)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    with pytest.raises(ValueError, match="not a valid graph"):
        check_graph(model)


def test_stale_shapes_unused_domains_and_documentation_are_deleted_at_every_level():
    branch = helper.make_graph(
        [helper.make_node("Neg", ["images"], ["inside"], doc_string="/home/me/model.py")],
        "branch",
        [],
        [tensor("inside")],
        value_info=[tensor("stale")],
    )
    choice = helper.make_node("If", ["yes"], ["logits"], then_branch=branch, else_branch=branch)
    model = graph_of(choice)
    model.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    model.graph.value_info.append(tensor("stale"))
    helper.set_model_props(model, {"machine": "mine"})
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    strip(model)

    check_graph(model)
    text = str(model)
    for deleted in ("stale", "/home/me", "machine", "com.microsoft"):
        assert deleted not in text
    assert opset_of(model) == 18


def test_a_domain_that_a_node_uses_stays_also_within_a_branch():
    node = helper.make_node("Gelu", ["images"], ["inside"], domain="com.microsoft")
    branch = helper.make_graph([node], "branch", [], [tensor("inside")])
    choice = helper.make_node("If", ["yes"], ["logits"], then_branch=branch, else_branch=branch)
    model = graph_of(choice)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    strip(model)
    assert [entry.domain for entry in model.opset_import] == ["", "com.microsoft"]
