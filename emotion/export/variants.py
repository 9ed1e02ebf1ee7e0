"""Build smaller ONNX files, and keep those that meet the criteria for speed and macro-F1.

An int8 file must be faster than the float32 file on this machine and lose little macro-F1. An fp16
file is for GPUs and phones, so it must lose little, and its time on this machine is only reported.
Files are scored on validation: a choice on the test split would make its scores optimistic.
"""

import os
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pandas as pd

from emotion.core.machine import describe_machine
from emotion.data.labels import class_indices
from emotion.export.graph import strip
from emotion.export.images import read_pixels, sample_rows
from emotion.export.latency import median_seconds
from emotion.export.onnx_model import save_onnx
from emotion.export.opsets import INPUT
from emotion.export.quantization import RECIPES
from emotion.export.report import Variant, VariantsReport
from emotion.export.sessions import open_session, run_batches
from emotion.metrics import sums
from emotion.metrics.bootstrap import Interval, difference_interval_of, resample_sums
from emotion.models.checkpoint import Checkpoint

CALIBRATION_IMAGES = 128
MOST_IMAGES = 2000  # of validation
BATCH = 32
LEAST_SPEEDUP = 1.1  # below it, a gain may be noise of the machine
RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Float32Baseline:
    """The float32 file, and its predictions on N validation images."""

    file: Path
    pixels: np.ndarray  # float32 (N, 3, H, W), RGB in 0..1
    labels: np.ndarray  # int64 (N,), class indices
    groups: np.ndarray  # (N,), of dependent images
    predicted: np.ndarray  # int64 (N,), class indices
    classes: int

    @property
    def macro_f1(self) -> float:
        """Over the classes that occur as a label or as a prediction."""
        cells = sums.count_cells(self.labels, self.predicted, self.classes)
        return float(_macro_f1(cells.sum(axis=0)))


def build_variants(
    checkpoint: Checkpoint,
    rows: dict[str, pd.DataFrame],
    max_f1_drop: float,
    onnx_file: Path,
    folder: Path,
) -> VariantsReport:
    """Build and measure the file of each recipe, and write those that are kept.

    Args:
        checkpoint: that was exported.
        rows: of the splits train, whose images set the ranges of int8, and val, whose images the
            files are scored on.
        max_f1_drop: largest loss of macro-F1, in 0..1, with which a file is kept.
        onnx_file: the float32 file.
        folder: for model.int8.onnx and model.fp16.onnx; it exists afterwards, perhaps empty.

    Raises:
        UserError: an image is missing or cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("model.*.onnx"):  # of another model
        old.unlink()
    chosen = sample_rows(rows["train"], CALIBRATION_IMAGES)
    examples = read_pixels(chosen, checkpoint.preprocessing, "calibrate")
    float32 = _float32_baseline(checkpoint, sample_rows(rows["val"], MOST_IMAGES), onnx_file)
    with tempfile.TemporaryDirectory(dir=folder) as text:
        built, failed = _build_all(onnx_file, examples, Path(text))
        variants = [
            _measure(path, precision, method, float32, max_f1_drop)
            for (precision, method), path in built.items()
        ]
        variants = _keep_fastest(variants)
        for variant in variants:
            if variant.kept:
                kept = built[variant.precision, variant.method]
                os.replace(kept, folder / f"model.{variant.precision}.onnx")
    return VariantsReport(
        variants=variants,
        failed=failed,
        rows=len(float32.labels),
        macro_f1=round(float32.macro_f1, 4),
        machine=describe_machine(),
    )


def headline(report: VariantsReport) -> str:
    """The lines that the stage prints, one per recipe."""
    lines = [f"{v.precision:<5} {v.method}: {v.verdict}" for v in report.variants]
    return "\n".join([*lines, *(f"not built: {reason[:100]}" for reason in report.failed)])


def _build_all(
    onnx_file: Path, examples: np.ndarray, folder: Path
) -> tuple[dict[tuple[str, str], Path], list[str]]:
    """The files by precision and method, and what could not be built."""
    built: dict[tuple[str, str], Path] = {}
    failed = []
    for (precision, method), recipe in RECIPES.items():
        path = folder / f"{len(built)}.onnx"
        try:
            model = recipe(onnx_file, examples)
            strip(model)
            metadata = {e.key: e.value for e in onnx.load(onnx_file).metadata_props}
            onnx.helper.set_model_props(model, metadata)
            save_onnx(model, path)
            open_session(path, threads=1)
        except Exception as error:  # the converters' and the runtime's share no base class
            failed.append(f"{precision}, {method}: {' '.join(str(error).split())[:200]}")
        else:
            built[precision, method] = path
    return built, failed


def _float32_baseline(
    checkpoint: Checkpoint, rows: pd.DataFrame, onnx_file: Path
) -> Float32Baseline:
    pixels = read_pixels(rows, checkpoint.preprocessing, "validation")
    return Float32Baseline(
        file=onnx_file,
        pixels=pixels,
        labels=class_indices(rows["label"], checkpoint.class_names),
        groups=rows["group"].to_numpy(),
        predicted=_predict(onnx_file, pixels),
        classes=len(checkpoint.class_names),
    )


def _measure(
    path: Path, precision: str, method: str, float32: Float32Baseline, max_f1_drop: float
) -> Variant:
    """Time a file, score it unless it is too slow, and decide whether to keep it."""
    speedup, speedup_batch = (_speedup(path, float32, size) for size in (1, BATCH))
    variant = Variant(
        precision=precision,
        method=method,
        file_mb=round(path.stat().st_size / 1e6, 2),
        speedup=round(speedup, 2),
        speedup_batch=round(speedup_batch, 2),
    )
    if precision == "int8" and speedup < LEAST_SPEEDUP:
        return replace(variant, verdict=f"rejected: {speedup:.2f} times as fast as float32")
    predicted = _predict(path, float32.pixels)
    change, interval = compare_macro_f1(float32, predicted)
    passed = change >= -max_f1_drop
    reason = f"macro-F1 {change:+.3f} on validation, allowed -{max_f1_drop:g}"
    reason += "; for GPUs and phones" if precision == "fp16" else ""
    return replace(
        variant,
        same_class=round(float((predicted == float32.predicted).mean()), 4),
        macro_f1_change=round(change, 4),
        macro_f1_change_low=round(interval.low, 4) if interval else None,
        macro_f1_change_high=round(interval.high, 4) if interval else None,
        kept=passed,
        verdict=f"{'kept' if passed else 'rejected'}: {speedup:.2f} times as fast, {reason}",
    )


def _keep_fastest(variants: list[Variant]) -> list[Variant]:
    """Of several files of one precision that pass, only the fastest is kept."""
    best: dict[str, Variant] = {}
    for variant in sorted(variants, key=lambda v: v.speedup):
        if variant.kept:
            best[variant.precision] = variant
    return [
        replace(v, kept=False, verdict=f"rejected: slower than {best[v.precision].method}")
        if v.kept and v is not best[v.precision]
        else v
        for v in variants
    ]


def _speedup(path: Path, float32: Float32Baseline, batch_size: int) -> float:
    """The time of the float32 file divided by that of another; medians of one run.

    One image is computed in one thread: with two, the time depends on the load of the machine. A
    batch uses all cores.
    """
    threads = 1 if batch_size == 1 else _cores()
    images = np.resize(float32.pixels, (batch_size, *float32.pixels.shape[1:]))
    sessions = {name: open_session(name, threads) for name in (float32.file, path)}
    seconds = median_seconds(
        {str(name): partial(s.run, None, {INPUT: images}) for name, s in sessions.items()}
    )
    return seconds[str(float32.file)] / seconds[str(path)]


def _predict(path: Path, pixels: np.ndarray) -> np.ndarray:
    logits, _ = run_batches(open_session(path, _cores()), pixels, BATCH)
    return np.asarray(logits.argmax(axis=1))


def _cores() -> int:
    return os.cpu_count() or 1


def compare_macro_f1(
    float32: Float32Baseline, predicted: np.ndarray
) -> tuple[float, Interval | None]:
    """The change of macro-F1 from the float32 file to another.

    Args:
        float32: N images.
        predicted: of the other file, class indices, int64 (N,).

    Returns:
        The change, in -1..1, and its 95 % interval from a paired bootstrap over groups; None if
        there are too few groups.
    """
    cells = np.hstack(
        [
            sums.count_cells(float32.labels, classes, float32.classes)
            for classes in (float32.predicted, predicted)
        ]
    )
    changes = _change(resample_sums(cells, float32.groups, RESAMPLES))
    interval = difference_interval_of(changes, len(np.unique(float32.groups)))
    return float(_change(cells.sum(axis=0))), interval


def _change(cells: np.ndarray) -> np.ndarray:
    first, second = np.split(cells, 2, axis=-1)
    return np.asarray(_macro_f1(second) - _macro_f1(first))


def _macro_f1(cells: np.ndarray) -> np.ndarray:
    return sums.macro_f1_of(sums.confusions(cells))
