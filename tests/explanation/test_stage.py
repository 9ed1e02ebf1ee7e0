"""The stage `explain` writes its figures and its metrics, and prints a summary."""

from pathlib import Path

import pandas as pd
import pytest

from emotion.core import files
from emotion.core.explanation_report import ExplanationReport
from emotion.core.reports import read_report
from emotion.data import manifest
from stages import explain, paths
from tests.explanation.methods.conftest import draw_rows


@pytest.mark.slow
def test_the_stage_explains_the_checkpoint_of_the_repository(
    tmp_path, monkeypatch, checkpoint, capsys
):
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text("stages: {explain: {cmd: x, params: [explain]}}\n")
    paths.PARAMS.write_text("explain: {shap_samples: 2, lime_samples: 20, budget_s: 1}\n")
    Path("faces").mkdir()
    manifest.write_manifest(paths.SPLITS / "test.csv", draw_rows(Path("faces")))
    checkpoint.save(paths.BEST_MODEL)

    explain.main()

    report = read_report(paths.EXPLAIN_REPORT, ExplanationReport)
    assert report.methods["grad_cam"].area > 0
    assert (paths.EXPLAIN_FIGURES / "overview.png").exists()
    panels = pd.read_csv(paths.EXPLAIN_PANELS)
    assert set(panels["model_sha256"]) == {files.sha256_of(paths.BEST_MODEL)}
    assert all((paths.EXPLAIN_FIGURES / name).exists() for name in panels["panel"])
    assert len(pd.read_csv(paths.EXPLAIN_SCORES)) > 12
    assert "Grad-CAM" in paths.EXPLAIN_OBSERVATIONS.read_text()
    assert "Grad-CAM" in capsys.readouterr().out
