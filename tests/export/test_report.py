"""The file is kept only if it agrees, and the metrics say what is in it."""

import onnx
import pytest

from emotion.core.errors import UserError
from emotion.export import onnx_model, report
from tests.export.conftest import TEMPERATURE

PARAMS = report.ExportParams(rows=8)


@pytest.fixture
def exported(small_onnx, monkeypatch):
    """The exporter, replaced by the file that it wrote before."""
    monkeypatch.setattr(onnx_model, "build_onnx", lambda *_: onnx.load(small_onnx))


@pytest.mark.usefixtures("exported")
def test_the_metrics_describe_the_file(small_checkpoint, rows, tmp_path):
    path = tmp_path / "model.onnx"
    result = report.export_checkpoint(small_checkpoint, TEMPERATURE, rows, PARAMS, path)
    assert result["opset"] == onnx.load(path).opset_import[0].version == 18
    assert result["rows"] == 8
    assert result["same_class"] == 1
    assert max(result["max_abs_difference"].values()) <= result["tolerance"]
    assert result["file_mb"] == round(path.stat().st_size / 1e6, 2)
    assert "8 test images" in report.headline(result)


def test_the_order_of_rows_does_not_choose_other_images(rows):
    chosen = report._choose(rows, 5)
    assert list(report._choose(rows.iloc[::-1], 5)["path"]) == list(chosen["path"])
    assert len(chosen) == 5


@pytest.mark.usefixtures("exported")
def test_a_file_that_differs_is_not_kept_nor_is_an_older_one(small_checkpoint, rows, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_text("an older export")
    small_checkpoint.state_dict["4.bias"][0] += 1
    with pytest.raises(UserError, match=r"no model\.onnx is kept"):
        report.export_checkpoint(small_checkpoint, TEMPERATURE, rows, PARAMS, path)
    assert not list(tmp_path.glob("*onnx*"))
    assert not list(tmp_path.glob(".*onnx*"))


def test_an_empty_test_split_is_an_error(small_checkpoint, rows, tmp_path):
    with pytest.raises(UserError, match="empty"):
        report.export_checkpoint(
            small_checkpoint, TEMPERATURE, rows.iloc[:0], PARAMS, tmp_path / "model.onnx"
        )
