"""The stage `explain` writes its figures and its numbers, and says what it found."""

import pytest

from emotion.core import files, manifest
from stages import explain, paths
from tests.explainers.conftest import draw_rows


@pytest.mark.slow
def test_it_explains_the_checkpoint_of_the_repository(tmp_path, monkeypatch, checkpoint, capsys):
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text("stages: {explain: {cmd: x, params: [data, explain]}}\n")
    paths.PARAMS.write_text("data: {root: faces}\nexplain: {shap_samples: 2, lime_samples: 20}\n")
    (tmp_path / "faces").mkdir()
    rows = draw_rows(tmp_path / "faces").assign(
        split="test", subject="", source="drawn", group="", width=80, height=60, synthetic=True
    )
    manifest.write_manifest(paths.SPLITS / "test.csv", rows)
    checkpoint.save(paths.BEST_MODEL)

    explain.main()

    report = files.read_json(paths.EXPLAIN_METRICS)
    assert report["methods"]["grad_cam"]["evidence_area"] > 0
    assert (paths.EXPLAIN_PLOTS / "overview.png").exists()
    assert "lime_superpixels" in capsys.readouterr().out
