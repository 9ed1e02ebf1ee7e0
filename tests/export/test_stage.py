"""The stage `export_onnx` reads the calibration that `evaluate` wrote."""

import onnx
import pytest

from emotion.core import files
from emotion.core.reports import read_report, write_report
from emotion.data import manifest
from emotion.export.report import ExportReport, VariantsReport
from stages import export_onnx, paths
from tests.conftest import make_calibration, make_checkpoint
from tests.explanation.methods.conftest import draw_rows
from tests.export.hub.conftest import INPUTS


@pytest.mark.slow
def test_the_stage_exports_the_best_checkpoint(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text(
        "stages: {export_onnx: {cmd: x, params: [export_onnx, publish.license]}}\n"
    )
    paths.PARAMS.write_text("export_onnx: {rows: 5}\npublish: {license: mit}\n")
    rows = draw_rows(tmp_path)
    for split in manifest.SPLITS:
        manifest.write_manifest(paths.SPLITS / f"{split}.csv", rows.assign(split=split))
    write_report(paths.CALIBRATION, make_calibration(1.25))
    write_report(paths.INITIAL_WEIGHTS, INPUTS.pretrained)
    make_checkpoint(img_size=32).save(paths.BEST_MODEL)

    export_onnx.main()

    assert read_report(paths.EXPORT_REPORT, ExportReport).rows == 5
    size = paths.ONNX.stat().st_size / 1e6
    assert files.read_json(paths.EXPORT_METRICS) == {"onnx_mb": pytest.approx(size, abs=0.01)}
    metadata = {entry.key: entry.value for entry in onnx.load(paths.ONNX).metadata_props}
    assert metadata["temperature"] == "1.25"
    assert metadata["license"] == "mit"
    assert metadata["opset"] == "18"
    assert metadata["model_sha256"] == files.sha256_of(paths.BEST_MODEL)
    variants = read_report(paths.VARIANTS_REPORT, VariantsReport)
    assert {v.precision for v in variants.variants if v.kept} == {
        path.name.split(".")[1] for path in paths.VARIANTS.iterdir()
    }
    assert capsys.readouterr().out.startswith("ONNX")
