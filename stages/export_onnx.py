"""Export the model to ONNX, including normalization and calibration, with a parity check.

Reads   models/best_model.pth, models/calibration.json, data/splits/test.csv and its images
Writes  models/model.onnx, metrics/export_onnx.json
"""

from emotion.core import manifest
from emotion.core.reports import Calibration, read_report, write_report
from emotion.export.export import ExportParams, export_checkpoint, headline
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    report = export_checkpoint(
        checkpoint=load_checkpoint(paths.BEST_MODEL),
        temperature=read_report(paths.CALIBRATION, Calibration).temperature,
        rows=manifest.read_manifest(paths.SPLITS / "test.csv"),
        params=settings_of(ExportParams, "export_onnx"),
        onnx_file=paths.ONNX,
    )
    write_report(paths.EXPORT_METRICS, report)
    print(headline(report))


if __name__ == "__main__":
    run(main)
