"""Export the model to ONNX, including normalization and calibration, with a parity check.

Reads   models/best_model.pth, models/calibration.json, data/splits/, images of each split
Writes  models/model.{onnx,safetensors}, models/variants/, metrics/onnx.json, plots/export_onnx/
"""

from emotion.core import files
from emotion.core.reports import Calibration, PretrainedSource, read_report, write_report
from emotion.data.manifest import SPLITS, read_manifest
from emotion.export import export, license, variants
from emotion.export.onnx_model import describe_model
from emotion.export.params import ExportParams, LicenseParams
from emotion.models.checkpoint import load_checkpoint
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(ExportParams, "export_onnx")
    chosen = settings_of(LicenseParams, "publish", partial=True).license
    model = load_checkpoint(paths.BEST_MODEL)
    calibration = read_report(paths.CALIBRATION, Calibration)
    terms = license.choose_license(chosen, read_report(paths.INITIAL_WEIGHTS, PretrainedSource))
    rows = {split: read_manifest(paths.SPLITS / f"{split}.csv") for split in SPLITS}
    model.save_safetensors(paths.SAFETENSORS)
    metadata = describe_model(model, calibration, files.sha256_of(paths.BEST_MODEL), terms)
    report = export.export_checkpoint(
        model, calibration, rows["test"], params, metadata, paths.ONNX
    )
    write_report(paths.EXPORT_REPORT, report)
    files.write_json(paths.EXPORT_METRICS, export.compute_metrics(report))
    found = variants.build_variants(
        model, rows, params.int8_max_f1_drop, paths.ONNX, paths.VARIANTS
    )
    write_report(paths.VARIANTS_REPORT, found)
    print(export.headline(report), variants.headline(found), sep="\n")


if __name__ == "__main__":
    run(main)
