"""A smaller file is kept only if it is faster here and loses little on validation."""

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from emotion.core.reports import read_report, write_report
from emotion.evaluation.comparison.paired import compare_pair
from emotion.evaluation.comparison.predictions import RevisionPredictions
from emotion.export import variants
from emotion.export.images import read_pixels
from emotion.export.report import VariantsReport
from emotion.export.variants import Float32Baseline, build_variants, compare_macro_f1, headline
from tests.export.conftest import SmallCheckpoint

NAMES = SmallCheckpoint.class_names


def same(model_file, _):
    return onnx.load(model_file)


def inverted(model_file, _):
    """The least probable class becomes the most probable."""
    model = onnx.load(model_file)
    last = next(node for node in model.graph.node if "logits" in node.output)
    last.output[0] = "upright"
    minus = onnx.helper.make_node("Neg", ["upright"], ["logits"])
    model.graph.node.insert(list(model.graph.node).index(last) + 1, minus)
    return model


def unsorted(model_file, _):
    """ONNX Runtime sorts the nodes; other programs refuse the file."""
    model = onnx.load(model_file)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(nodes))
    return model


def with_leftovers(model_file, _):
    """Shapes for another batch size, and a domain without an operator."""
    model = onnx.load(model_file)
    shape = onnx.helper.make_tensor_value_info("stale", onnx.TensorProto.FLOAT, [128])
    model.graph.value_info.append(shape)
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return model


def broken(_, __):
    raise ValueError("no such operator")


@pytest.fixture
def build(small_onnx, small_checkpoint, rows, tmp_path, monkeypatch):
    """Build with recipes of (precision, speedup, function), and allow a loss of 0.01."""
    pixels = read_pixels(rows, small_checkpoint.preprocessing, "")
    session = onnxruntime.InferenceSession(small_onnx, providers=["CPUExecutionProvider"])
    logits, _ = session.run(None, {"images": pixels})
    table = rows.assign(label=[NAMES[index] for index in logits.argmax(axis=1)])  # all are correct

    def run(*recipes):
        named = {(kind, f"method {i}"): make for i, (kind, _, make) in enumerate(recipes)}
        # Of each file, for one image and for a batch; float32 is timed first. 0: it is not built.
        seconds = iter([s for _, speedup, _ in recipes if speedup for s in (speedup, 2)])
        monkeypatch.setattr(variants, "RECIPES", named)
        monkeypatch.setattr(
            variants,
            "median_seconds",
            lambda calls: dict(zip(calls, (next(seconds), 1), strict=True)),
        )
        splits = {"train": table, "val": table}  # test images are not used
        folder = tmp_path / "variants"
        return build_variants(small_checkpoint, splits, 0.01, small_onnx, folder), folder

    return run


def test_a_fast_file_with_the_same_outputs_is_kept_with_the_metadata(build, small_onnx):
    report, folder = build(("int8", 3.0, same))
    [variant] = report.variants
    assert variant.kept
    assert (variant.speedup, variant.speedup_batch) == (3, 2)
    assert (variant.same_class, variant.macro_f1_change) == (1, 0)
    assert [path.name for path in folder.iterdir()] == ["model.int8.onnx"]
    kept = onnx.load(folder / "model.int8.onnx")
    assert {e.key: e.value for e in kept.metadata_props} == {
        e.key: e.value for e in onnx.load(small_onnx).metadata_props
    }
    assert report.rows == 12


def test_a_slow_int8_file_is_rejected_unscored_but_not_a_slow_fp16_file(build):
    report, folder = build(("int8", 1.05, same), ("fp16", 0.6, same))
    int8, fp16 = report.variants
    assert not int8.kept
    assert "1.05" in int8.verdict
    assert int8.macro_f1_change is None
    assert fp16.kept
    assert [path.name for path in folder.iterdir()] == ["model.fp16.onnx"]


def test_a_file_that_loses_too_much_is_rejected_with_the_loss(build):
    report, folder = build(("int8", 5.0, inverted), ("fp16", 1.0, inverted))
    for variant in report.variants:
        assert not variant.kept
        assert variant.macro_f1_change < -0.01
        assert variant.macro_f1_change_low <= variant.macro_f1_change
        assert f"{variant.macro_f1_change:+.3f}" in variant.verdict
        assert "-0.01" in variant.verdict
        assert variant.verdict in headline(report)
    assert not list(folder.iterdir())


def test_of_two_files_that_pass_the_faster_is_kept(build):
    report, folder = build(("int8", 2.0, same), ("int8", 3.0, same), ("int8", 9.0, inverted))
    assert [variant.kept for variant in report.variants] == [False, True, False]
    assert "method 1" in report.variants[0].verdict
    assert [path.name for path in folder.iterdir()] == ["model.int8.onnx"]
    build(("int8", 0.5, same))  # a file of an earlier model does not stay
    assert not list(folder.iterdir())


def test_a_recipe_that_fails_is_reported_and_the_others_go_on(build, tmp_path):
    report, _ = build(("int8", 0.0, broken), ("int8", 2.0, same))
    assert report.failed == ["int8, method 0: no such operator"]
    assert report.failed[0] in headline(report)
    assert report.variants[0].kept
    write_report(tmp_path / "variants.json", report)
    assert read_report(tmp_path / "variants.json", VariantsReport) == report


def test_a_file_that_is_no_valid_graph_is_not_kept_although_onnx_runtime_runs_it(build):
    report, folder = build(("fp16", 0, unsorted))
    [failed] = report.failed
    assert failed.startswith("fp16, method 0: not a valid graph (")
    assert not list(folder.iterdir())


def test_what_a_converter_leaves_behind_is_not_in_the_file(build):
    _, folder = build(("int8", 2.0, with_leftovers))
    kept = onnx.load(folder / "model.int8.onnx")
    assert not kept.graph.value_info
    assert [entry.domain for entry in kept.opset_import] == [""]


def test_the_change_of_macro_f1_and_its_interval_are_those_of_compare():
    rng = np.random.default_rng(3)
    labels, predicted, other = (rng.integers(0, 3, 60) for _ in range(3))
    groups = np.arange(60) // 4
    float32 = Float32Baseline(
        file=None, pixels=np.empty(0), labels=labels, groups=groups, predicted=predicted, classes=3
    )
    change, interval = compare_macro_f1(float32, other)
    f1 = [f1_score(labels, classes, average="macro") for classes in (predicted, other)]
    assert float32.macro_f1 == pytest.approx(f1[0])
    assert change == pytest.approx(f1[1] - f1[0])

    def revision(classes):
        names = np.array(NAMES)
        table = pd.DataFrame({"path": [f"{i:02d}" for i in range(60)], "group": groups.astype(str)})
        table = table.assign(sha256=table["path"], label=names[labels], confidence=0.5)
        return RevisionPredictions("any", table.assign(predicted=names[classes]), list(NAMES))

    reference = compare_pair(revision(predicted), revision(other), variants.RESAMPLES).macro_f1
    assert interval == pytest.approx(reference.interval)
