"""Export a checkpoint to ONNX and keep the file only if it passes the parity check."""

from pathlib import Path

import onnx
import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.reports import Calibration
from emotion.data.cache import CachedImages, cache_images
from emotion.data.labels import class_indices
from emotion.data.manifest import face_images
from emotion.export import parity
from emotion.export.graph import opset_of
from emotion.export.images import sample_rows
from emotion.export.onnx_model import ServedClassifier, save_onnx
from emotion.export.opsets import Attempt, attempt_exports
from emotion.export.params import NEWEST, ExportParams
from emotion.export.parity import Parity, Reference, round_up
from emotion.export.report import BatchParity, ExportReport
from emotion.models.checkpoint import Checkpoint


def export_checkpoint(
    checkpoint: Checkpoint,
    calibration: Calibration,
    rows: pd.DataFrame,
    params: ExportParams,
    metadata: dict[str, str],
    onnx_file: Path,
) -> ExportReport:
    """Write the ONNX file after comparing it with the network on test images.

    Args:
        checkpoint: the model.
        calibration: becomes a part of the graph.
        rows: the test split.
        params: `opset`, `rows` and `tolerance` are used.
        metadata: of the file, from `describe_model`.
        onnx_file: where to write.

    Raises:
        UserError: there is no test row, the opset cannot be reached, or the outputs of the file
            differ from those of the network. After the last two there is no `onnx_file`, not even
            an older one.
    """
    if rows.empty:
        raise UserError(
            "the test split is empty, so the ONNX model cannot be compared",
            "add images to it and run `dvc repro prepare_splits`",
        )
    expected = _reference_outputs(checkpoint, calibration, sample_rows(rows, params.rows))
    onnx_file.unlink(missing_ok=True)  # of an earlier model, and could be mistaken for this one
    kept, result, failed = _export(checkpoint, calibration, expected, params)
    assert kept.model is not None
    onnx.helper.set_model_props(kept.model, metadata | {"opset": str(params.opset)})
    with files.replacing(onnx_file) as temporary:
        save_onnx(kept.model, temporary)
    return ExportReport(
        opset=opset_of(kept.model),
        exporter=kept.exporter,
        constant_folding=kept.constant_folding,
        failed=failed,
        ir_version=kept.model.ir_version,
        parity={f"batch_{size}": _round(batch) for size, batch in result.batches.items()},
        tolerance=params.tolerance,
        rows=len(expected.paths),
        same_class=result.same_class,
        macro_f1_difference=round(result.macro_f1_difference, 6),
        file_mb=round(onnx_file.stat().st_size / 1e6, 2),
        tag=checkpoint.tag,
        preprocessing=checkpoint.preprocessing,
    )


def compute_metrics(report: ExportReport) -> dict[str, float]:
    """What `dvc metrics diff` compares: the size of the file in MB."""
    return {"onnx_mb": report.file_mb}


def headline(report: ExportReport) -> str:
    """The line that the stage prints."""
    return (
        f"ONNX  {report.file_mb:.1f} MB, opset {report.opset}, within {report.max_abs:.0e} of the "
        f"network on {report.rows} test images (tolerance {report.tolerance:.0e})"
    )


def _reference_outputs(
    checkpoint: Checkpoint, calibration: Calibration, rows: pd.DataFrame
) -> Reference:
    return parity.run_network(
        checkpoint,
        calibration,
        images=CachedImages(cache_images(face_images(rows), checkpoint.preprocessing, "parity")),
        labels=class_indices(rows["label"], checkpoint.class_names),
        paths=rows["path"].tolist(),
    )


def _export(
    checkpoint: Checkpoint, calibration: Calibration, expected: Reference, params: ExportParams
) -> tuple[Attempt, Parity, list[str]]:
    """The first attempt that passes, its parity, and why the attempts before it failed.

    A graph of the target opset with other outputs is a failed attempt too: an exporter may have an
    error in one operator.
    """
    network = ServedClassifier(checkpoint, calibration).eval()
    size, differing = checkpoint.preprocessing.img_size, None
    failed: list[str] = []
    for attempt in attempt_exports(network, size, params.opset):
        problem = attempt.problem
        if attempt.model is not None:
            result = parity.compare(attempt.model, expected)
            try:
                result.require(params.tolerance)
            except UserError as error:
                differing, problem = error, f"differs by {result.max_abs:.1g}"
            else:
                return attempt, result, failed
        folding = "with" if attempt.constant_folding else "without"
        failed.append(f"{attempt.exporter} {folding} constant folding: {problem}")
    raise differing or _unreachable(network, size, params.opset, checkpoint.tag)


def _unreachable(network: ServedClassifier, size: int, opset: int, tag: str) -> UserError:
    """The error that names the lowest opset that can be reached instead."""
    for higher in range(opset + 1, NEWEST + 1):
        if any(attempt.model for attempt in attempt_exports(network, size, higher)):
            hint = f"set export_onnx.opset to {higher}, the lowest that can be reached"
            break
    else:
        hint = "choose another model_type: no opset can be reached"
    return UserError(
        f"{tag} cannot be exported at export_onnx.opset {opset}", hint, key="export_onnx.opset"
    )


def _round(batch: BatchParity) -> BatchParity:
    return BatchParity(
        max_abs=round_up(batch.max_abs),
        max_rel=round_up(batch.max_rel),
        max_kl=round_up(batch.max_kl, parity.SMALLEST_KL),
    )
