"""Write the model as ONNX, normalization and calibration inside; keep it only if it agrees.

Reads   models/best_model.pth, models/calibration.json, data/splits/test.csv and its images
Writes  models/model.onnx, metrics/export_onnx.json
"""

from emotion.core import files, manifest
from emotion.export import report
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    result = report.export_checkpoint(
        checkpoint=load_checkpoint(paths.BEST_MODEL),
        temperature=files.read_json(paths.CALIBRATION)["temperature"],
        rows=manifest.read_manifest(paths.SPLITS / "test.csv"),
        params=settings_of(report.ExportParams, "export_onnx"),
        onnx_file=paths.ONNX,
    )
    files.write_json(paths.EXPORT_METRICS, result)
    print(report.headline(result))


if __name__ == "__main__":
    run(main)
