"""Export a checkpoint to ONNX and keep the file only if it passes the parity check."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.core.reports import Calibration, ExportReport
from emotion.core.seeding import derive_seed
from emotion.data.cache import cache_images
from emotion.export import onnx_model, parity
from emotion.models.checkpoint import Checkpoint


@settings
class ExportParams:
    """The `export_onnx` section of params.yaml."""

    rows: Annotated[int, Field(ge=1, le=100_000)] = 32  # test images of the parity check
    tolerance: Annotated[float, Field(gt=0)] = 1e-4  # largest difference of a logit or probability


def export_checkpoint(
    checkpoint: Checkpoint,
    calibration: Calibration,
    rows: pd.DataFrame,
    params: ExportParams,
    onnx_file: Path,
) -> ExportReport:
    """Write the ONNX file after comparing it with the network on test images.

    Args:
        checkpoint: the model.
        calibration: written into the file.
        rows: the test split.
        params: number of images and tolerance.
        onnx_file: where to write.

    Raises:
        UserError: there is no test row, or the outputs of the file differ from those of the
            network; then `onnx_file` does not exist, not even in an older version.
    """
    if rows.empty:
        raise UserError("the test split is empty, so the ONNX model cannot be compared; add rows.")
    paths = choose_rows(rows, params.rows)["path"].tolist()
    images = cache_images(paths, checkpoint.preprocessing, "parity")
    model = onnx_model.build_onnx(checkpoint, calibration)
    with files.replacing(onnx_file) as temporary:
        onnx_model.save_onnx(model, temporary)
        result = parity.compare(temporary, checkpoint, calibration, images)
        try:
            result.require(params.tolerance)
        except UserError:
            onnx_file.unlink(missing_ok=True)  # of an earlier model, and taken for this one
            raise
    return ExportReport(
        opset=onnx_model.opset_of(model),
        opset_requested=onnx_model.OPSET,
        ir_version=model.ir_version,
        max_abs_difference={
            name: parity.round_up(gap) for name, gap in result.max_abs_difference.items()
        },
        tolerance=params.tolerance,
        rows=len(images),
        same_class=result.same_class,
        file_mb=round(onnx_file.stat().st_size / 1e6, 2),
        tag=checkpoint.tag,
        preprocessing=checkpoint.preprocessing,
    )


def choose_rows(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` rows chosen by content, so that their order in the manifest has no influence."""
    keys = [derive_seed("parity", sha256) for sha256 in rows["sha256"]]
    return rows.assign(_key=keys).sort_values(["_key", "path"]).head(count)


def compute_metrics(report: ExportReport) -> dict[str, float]:
    """What `dvc metrics diff` compares: the size of the file in MB."""
    return {"onnx_mb": report.file_mb}


def headline(report: ExportReport) -> str:
    """The line that the stage prints."""
    worst = max(report.max_abs_difference.values())
    return (
        f"ONNX  {report.file_mb:.1f} MB, opset {report.opset}, within {worst:.0e} of the "
        f"network on {report.rows} test images (tolerance {report.tolerance:.0e})"
    )
