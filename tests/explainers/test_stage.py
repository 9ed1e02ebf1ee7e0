"""The stage `explain` writes its figures and its metrics, and prints a summary."""

from pathlib import Path

import pytest

from emotion.core import manifest
from emotion.core.reports import ExplanationReport, read_report
from stages import explain, paths
from tests.explainers.conftest import draw_rows


@pytest.mark.slow
def test_the_stage_explains_the_checkpoint_of_the_repository(
    tmp_path, monkeypatch, checkpoint, capsys
):
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text("stages: {explain: {cmd: x, params: [explain]}}\n")
    paths.PARAMS.write_text("explain: {shap_samples: 2, lime_samples: 20}\n")
    Path("faces").mkdir()
    rows = draw_rows(Path("faces")).assign(
        split="test", subject="", source="drawn", group="", width=80, height=60, synthetic=True
    )
    manifest.write_manifest(paths.SPLITS / "test.csv", rows)
    checkpoint.save(paths.BEST_MODEL)

    explain.main()

    report = read_report(paths.EXPLAIN_REPORT, ExplanationReport)
    assert report.methods["grad_cam"].evidence_area > 0
    assert (paths.EXPLAIN_FIGURES / "overview.png").exists()
    assert "lime_superpixels" in capsys.readouterr().out
