"""The stage `publish` builds the Hub folder from the files of earlier stages."""

import pytest

from emotion.core import files
from emotion.core.reports import write_report
from emotion.data.preprocessing import Preprocessing
from stages import paths, publish
from tests.export.hub.conftest import INPUTS
from tests.user_errors import user_error


@pytest.fixture(autouse=True)
def finished(tmp_path, monkeypatch):
    """A repository in which every earlier stage has run."""
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text("stages: {publish: {cmd: x, params: [publish]}}\n")
    paths.PARAMS.write_text("publish: {push: false}\n")
    files.write_json(paths.LABEL_MAP, INPUTS.label_map)
    for path, report in {
        paths.CALIBRATION: INPUTS.calibration,
        paths.PRETRAINED / "source.json": INPUTS.pretrained,
        paths.SPLITS_REPORT: INPUTS.splits,
        paths.TRAIN_METRICS / "metrics.json": INPUTS.training,
        paths.TRAIN_TIMING: INPUTS.time,
        paths.EVALUATION_REPORT: INPUTS.evaluation,
        paths.EXPORT_REPORT: INPUTS.export,
        paths.VARIANTS_REPORT: INPUTS.variants,
        paths.EXPLAIN_REPORT: INPUTS.explanation,
    }.items():
        write_report(path, report)
    paths.VARIANTS.mkdir()
    kept = paths.VARIANTS / "model.int8.onnx"
    for path in (paths.BEST_MODEL, paths.SAFETENSORS, paths.ONNX, kept):
        path.write_bytes(b"model")


def test_the_stage_builds_the_folder_whose_card_names_every_file(capsys):
    publish.main()
    found = {path.name for path in paths.HUB.iterdir()} - {"README.md"}
    copied = {path.name for path in paths.MODEL_FILES}
    assert found == copied | {"model.int8.onnx", "preprocessing.json"}
    card = (paths.HUB / "README.md").read_text()
    assert all(f"| `{name}` |" in card for name in found)
    text = (paths.HUB / "preprocessing.json").read_text()
    assert Preprocessing.from_json(text) == INPUTS.export.preprocessing
    assert "facial-expression-resnet50" in capsys.readouterr().out


def test_a_report_without_a_number_is_rejected():
    path = paths.TRAIN_METRICS / "metrics.json"
    training = files.read_json(path)
    del training["best_epoch"]
    files.write_json(path, training)
    with user_error("best_epoch", file=path, hint="dvc repro"):
        publish.main()
    assert not paths.HUB.exists()
