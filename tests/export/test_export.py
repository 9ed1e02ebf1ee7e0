"""The file is kept only if it passes the parity check, and the report describes it."""

import onnx
import pytest

from emotion.core.reports import read_report, write_report
from emotion.export import export as export_module
from emotion.export.export import export_checkpoint, headline
from emotion.export.images import sample_rows
from emotion.export.opsets import Attempt
from emotion.export.params import ExportParams
from emotion.export.report import ExportReport
from tests.export.conftest import CALIBRATION
from tests.user_errors import user_error

pytestmark = pytest.mark.slow

PARAMS = ExportParams(rows=8)


@pytest.fixture
def exported(small_onnx, monkeypatch):
    """The exporters replaced by the file that the session exported once."""

    def attempts(*_):
        yield Attempt(exporter="once", constant_folding=True, model=onnx.load(small_onnx))

    monkeypatch.setattr(export_module, "attempt_exports", attempts)


@pytest.mark.usefixtures("exported")
def test_the_report_describes_the_file(small_checkpoint, rows, tmp_path):
    path = tmp_path / "model.onnx"
    report = export_checkpoint(small_checkpoint, CALIBRATION, rows, PARAMS, {"a": "b"}, path)
    assert report.opset == onnx.load(path).opset_import[0].version == 18
    assert report.rows == 8
    assert report.same_class == 1
    assert (report.exporter, report.failed) == ("once", [])
    assert {e.key: e.value for e in onnx.load(path).metadata_props} == {"a": "b", "opset": "18"}
    assert list(report.parity) == ["batch_1", "batch_2", "batch_7", "batch_32"]
    assert report.max_abs <= report.tolerance
    assert report.macro_f1_difference == 0
    assert report.file_mb == round(path.stat().st_size / 1e6, 2)
    assert report.preprocessing == small_checkpoint.preprocessing
    assert "8 test images" in headline(report)
    write_report(tmp_path / "export_onnx.json", report)
    assert read_report(tmp_path / "export_onnx.json", ExportReport) == report


def test_the_choice_of_images_does_not_depend_on_the_order_of_rows(rows):
    chosen = sample_rows(rows, 5)
    assert list(sample_rows(rows.iloc[::-1], 5)["path"]) == list(chosen["path"])
    assert len(chosen) == 5


@pytest.mark.usefixtures("exported")
def test_neither_a_file_that_differs_nor_an_older_one_is_kept(small_checkpoint, rows, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_text("an older export")
    small_checkpoint.state_dict["4.bias"][0] += 1
    with user_error(key="export_onnx.tolerance", hint="model.onnx"):
        export_checkpoint(small_checkpoint, CALIBRATION, rows, PARAMS, {}, path)
    assert not list(tmp_path.glob("*onnx*"))
    assert not list(tmp_path.glob(".*onnx*"))


def test_an_empty_test_split_is_an_error(small_checkpoint, rows, tmp_path):
    path = tmp_path / "model.onnx"
    with user_error("test", hint="dvc repro"):
        export_checkpoint(small_checkpoint, CALIBRATION, rows.iloc[:0], PARAMS, {}, path)


def test_a_file_of_an_earlier_run_stays_until_the_export_has_begun_to_compare(
    small_checkpoint, rows, tmp_path
):
    path = tmp_path / "model.onnx"
    path.write_text("an older export")
    (tmp_path / "00.png").unlink()
    with user_error(file="00.png"):
        export_checkpoint(small_checkpoint, CALIBRATION, rows, ExportParams(rows=12), {}, path)
    assert path.read_text() == "an older export"
