"""The stage `export_onnx` writes the file with the calibration that evaluate found."""

import onnx
import pytest

from emotion.core import files, manifest
from stages import export_onnx, paths
from tests.conftest import make_checkpoint
from tests.explainers.conftest import draw_rows


@pytest.mark.slow
def test_it_exports_the_checkpoint_of_the_repository(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text("stages: {export_onnx: {cmd: x, params: [export_onnx]}}\n")
    paths.PARAMS.write_text("export_onnx: {rows: 5}\n")
    rows = draw_rows(tmp_path).assign(
        split="test", subject="", source="drawn", group="", width=80, height=60, synthetic=True
    )
    manifest.write_manifest(paths.SPLITS / "test.csv", rows)
    files.write_json(paths.CALIBRATION, {"temperature": 1.25})
    make_checkpoint(img_size=32).save(paths.BEST_MODEL)

    export_onnx.main()

    report = files.read_json(paths.EXPORT_METRICS)
    assert report["rows"] == 5
    facts = {entry.key: entry.value for entry in onnx.load(paths.ONNX).metadata_props}
    assert facts["temperature"] == "1.25"
    assert capsys.readouterr().out.startswith("ONNX")
