"""The stage `publish` builds the Hub folder from the files of earlier stages."""

import pytest

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.reports import write_report
from emotion.data.preprocessing import Preprocessing
from stages import paths, publish


@pytest.fixture
def finished(inputs, tmp_path, monkeypatch):
    """A repository in which every earlier stage has run."""
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text("stages: {publish: {cmd: x, params: [publish]}}\n")
    paths.PARAMS.write_text("publish: {push: false}\n")
    files.write_json(paths.LABEL_MAP, inputs.label_map)
    for path, report in {
        paths.CALIBRATION: inputs.calibration,
        paths.PRETRAINED / "source.json": inputs.pretrained,
        paths.SPLITS_REPORT: inputs.splits,
        paths.TRAIN_METRICS / "metrics.json": inputs.training,
        paths.TRAIN_TIMING: inputs.time,
        paths.EVALUATION_REPORT: inputs.evaluation,
        paths.EXPORT_REPORT: inputs.export,
        paths.VARIANTS_REPORT: inputs.variants,
        paths.EXPLAIN_REPORT: inputs.explanation,
    }.items():
        write_report(path, report)
    paths.VARIANTS.mkdir()
    kept = paths.VARIANTS / "model.int8.onnx"
    for path in (paths.BEST_MODEL, paths.SAFETENSORS, paths.ONNX, kept):
        path.write_bytes(b"model")


@pytest.mark.usefixtures("finished")
def test_the_stage_builds_the_folder(inputs, capsys):
    publish.main()
    assert {path.name for path in paths.HUB.iterdir()} == {
        "README.md",
        "best_model.pth",
        "calibration.json",
        "label_map.json",
        "model.int8.onnx",
        "model.onnx",
        "model.safetensors",
        "preprocessing.json",
    }
    text = (paths.HUB / "preprocessing.json").read_text()
    assert Preprocessing.from_json(text) == inputs.export.preprocessing
    assert "facial-expression-resnet50 is ready" in capsys.readouterr().out


@pytest.mark.usefixtures("finished")
def test_a_report_without_a_number_is_rejected():
    training = files.read_json(paths.TRAIN_METRICS / "metrics.json")
    del training["best_epoch"]
    files.write_json(paths.TRAIN_METRICS / "metrics.json", training)
    with pytest.raises(UserError, match=r"metrics\.json does not have the form.*best_epoch"):
        publish.main()
    assert not paths.HUB.exists()
