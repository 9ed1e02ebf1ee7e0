"""Export the model to ONNX, including normalization and calibration, with a parity check.

Reads   models/best_model.pth, models/calibration.json, data/splits/test.csv and its images
Writes  models/model.onnx, metrics/onnx.json, plots/export_onnx/report.json
"""

from emotion.core import files, manifest
from emotion.core.reports import Calibration, read_report, write_report
from emotion.export.export import ExportParams, compute_metrics, export_checkpoint, headline
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    report = export_checkpoint(
        checkpoint=load_checkpoint(paths.BEST_MODEL),
        calibration=read_report(paths.CALIBRATION, Calibration),
        rows=manifest.read_manifest(paths.SPLITS / "test.csv"),
        params=settings_of(ExportParams, "export_onnx"),
        onnx_file=paths.ONNX,
    )
    write_report(paths.EXPORT_REPORT, report)
    files.write_json(paths.EXPORT_METRICS, compute_metrics(report))
    print(headline(report))


if __name__ == "__main__":
    run(main)
