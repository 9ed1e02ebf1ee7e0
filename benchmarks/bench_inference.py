"""Latency of a trained network: torch eager and compiled, ONNX Runtime in float32, fp16 and int8.

Run     python -m benchmarks.bench_inference FOLDER [backbone ...]     (minutes per backbone)
Reads   FOLDER/<backbone>.pth and FOLDER/faces of bench_explainers; trains what is missing
Writes  benchmarks/results/inference.json after each backbone

The file is exported, compared and quantized as in the stage `export_onnx`, and scored on validation
images of 112 pixels. All programs of one row are timed in alternation, so that their ratios are of
one run. `make bench` measures the shipped model.
"""

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("DVC_TEST", "true")  # disables DVC's telemetry

import torch

import emotion.models  # noqa: F401, must precede torchvision
from benchmarks.trained_backbones import train_backbone
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.core.reports import Calibration, read_report
from emotion.data.manifest import SPLITS, read_manifest
from emotion.export.export import export_checkpoint
from emotion.export.images import read_pixels, sample_rows
from emotion.export.latency import median_seconds
from emotion.export.onnx_model import ServedClassifier, save_onnx
from emotion.export.opsets import INPUT
from emotion.export.params import ExportParams
from emotion.export.quantization import RECIPES
from emotion.export.sessions import open_session
from emotion.export.variants import CALIBRATION_IMAGES, build_variants
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from stages import paths

RESULTS = Path(__file__).parent / "results" / "inference.json"
SHIPPED = "shipped"  # the model of this repository, instead of one of the folder
THREADS, BATCHES = (1, 2), (1, 32)
SECONDS = 4.0  # per row
NBSP = "\N{NO-BREAK SPACE}"
NEUTRAL = Calibration(
    temperature=1.0,
    flip=False,
    val_nll_before=0.0,
    val_nll_after=0.0,
    fitted_temperature=1.0,
    val_nll_gain=None,
    val_nll_gain_low=None,
    val_nll_gain_high=None,
    reason="",
    threshold=None,
    target_error=None,
    threshold_reason="",
)


def main() -> None:
    """Measure the backbones that are missing in the results, and print the tables."""
    keep_freed_memory()
    folder, names = (Path(sys.argv[1]), sys.argv[2:]) if sys.argv[1:] else (Path(), [SHIPPED])
    found = files.read_json(RESULTS) if RESULTS.exists() else {"backbones": []}
    done = {record["backbone"] for record in found["backbones"]} - {SHIPPED}
    for name in names:
        if name not in done:
            kept = [record for record in found["backbones"] if record["backbone"] != name]
            found["backbones"] = [*kept, measure(name, folder)]
            files.write_json(RESULTS, found)
    tables = (format_summary, format_exports, format_latency)
    print(*(table(found["backbones"]) for table in tables), sep="\n\n")


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Export, quantize and time one network."""
    if name == SHIPPED:
        checkpoint = load_checkpoint(paths.BEST_MODEL)
        calibration = read_report(paths.CALIBRATION, Calibration)
        rows = {split: read_manifest(paths.SPLITS / f"{split}.csv") for split in SPLITS}
    else:
        checkpoint, _, rows = train_backbone(name, folder)
        calibration = NEUTRAL
    with tempfile.TemporaryDirectory() as text:
        work = Path(text)
        onnx_file = work / "model.onnx"
        report = export_checkpoint(
            checkpoint, calibration, rows["test"], ExportParams(), {}, onnx_file
        )
        variants = build_variants(checkpoint, rows, 0.01, onnx_file, work / "variants")
        examples = sample_rows(rows["train"], CALIBRATION_IMAGES)
        images = read_pixels(examples, checkpoint.preprocessing, "images")
        built = {"ONNX Runtime": onnx_file}
        for precision in ("fp16", "int8"):
            measured = [v for v in variants.variants if v.precision == precision]
            if measured:  # the fastest, whether it is kept or not
                method = max(measured, key=lambda v: v.speedup).method
                path = built[f"ONNX Runtime, {precision}"] = work / f"{precision}.onnx"
                save_onnx(RECIPES[precision, method](onnx_file, images), path)
        latency = {
            f"{threads} threads, batch {size}": time_programs(
                checkpoint, calibration, built, torch.from_numpy(images[:size]), threads
            )
            for threads in THREADS
            for size in BATCHES
        }
    return {
        "backbone": name,
        "processor": processor_name(),
        "opset": report.opset,
        "parity": report.max_abs,
        "export": dataclasses.asdict(report),
        "variants": dataclasses.asdict(variants),
        "latency_ms": latency,
    }


def time_programs(
    checkpoint: Checkpoint,
    calibration: Calibration,
    built: dict[str, Path],
    images: torch.Tensor,
    threads: int,
) -> dict[str, float]:
    """Median milliseconds of each program for one batch."""
    torch.set_num_threads(threads)
    network = ServedClassifier(checkpoint, calibration).eval()
    network = network.to(memory_format=torch.channels_last)  # as evaluation does
    compiled = torch.compile(network)
    views = images.contiguous(memory_format=torch.channels_last)
    calls: dict[str, Callable[[], object]] = {
        "torch": torch.inference_mode()(partial(network, views)),
        "torch.compile": torch.inference_mode()(partial(compiled, views)),
    }
    for program, path in built.items():
        session = open_session(path, threads)
        calls[program] = partial(session.run, None, {INPUT: images.numpy()})
    seconds = median_seconds(calls, SECONDS)
    return {program: float(f"{1000 * value:.3g}") for program, value in seconds.items()}


def format_exports(records: list[dict[str, Any]]) -> str:
    """Format a Markdown table with one row per backbone and file."""
    lines = [
        "| backbone | file | MB | times as fast as float32 | in batches of 32 | "
        "change of macro-F1 | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for record in records:
        macro_f1 = f"(macro-F1{NBSP}{record['variants']['macro_f1']:.3f})"
        head = f"| {record['backbone']} | float32 | {record['export']['file_mb']}"
        lines.append(f"{head} | 1 | 1 | {macro_f1} | |")
        for variant in record["variants"]["variants"]:
            cells = [
                f"{variant['precision']}, {variant['method']}",
                f"{variant['file_mb']}",
                f"{variant['speedup']:.2f}",
                f"{variant['speedup_batch']:.2f}",
                format_change(variant),
                variant["verdict"].partition(":")[0],
            ]
            lines.append("| | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_summary(records: list[dict[str, Any]]) -> str:
    """Format a Markdown table with one row per backbone: one image, one thread.

    The int8 file is the one that is kept, else the fastest.
    """
    lines = [
        "| backbone | opset | parity | float32 ÷ torch | int8 ÷ float32 | MB | "
        "change of macro-F1 | int8 | CPU |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for record in records:
        times = record["latency_ms"]["1 threads, batch 1"]
        int8 = [v for v in record["variants"]["variants"] if v["precision"] == "int8"]
        shown = max(int8, key=lambda v: (v["kept"], v["speedup"]))
        cells = [
            f"`{record['backbone']}`",
            f"{record['opset']}",
            f"{record['parity']:.0e}",
            f"{times['torch'] / times['ONNX Runtime']:.2f}",
            f"{shown['speedup']:.2f}",
            f"{record['export']['file_mb']:.0f}{NBSP}→{NBSP}{shown['file_mb']:.0f}",
            format_change(shown),
            "kept" if shown["kept"] else "rejected",
            record["processor"].replace("(R)", "").split()[0],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_change(variant: dict[str, Any]) -> str:
    """The change of macro-F1 with its interval; empty for a file that was too slow to be scored."""
    change, low, high = (variant[f"macro_f1_change{end}"] for end in ("", "_low", "_high"))
    if change is None:
        return ""
    return f"{change:+.3f}" if low is None else f"{change:+.3f} [{low:+.3f},{NBSP}{high:+.3f}]"


def format_latency(records: list[dict[str, Any]]) -> str:
    """Format a Markdown table: milliseconds of torch, and how many times as fast the others are."""
    programs = list(records[0]["latency_ms"]["1 threads, batch 1"])
    lines = [
        "| backbone | threads | batch | torch, ms | " + " | ".join(programs[1:]) + " |",
        "| --- | ---: | ---: | ---: |" + " ---: |" * (len(programs) - 1),
    ]
    for record in records:
        for row, times in record["latency_ms"].items():
            threads, batch = row.replace(" threads, batch", "").split()
            ratios = [f"{times['torch'] / times[program]:.2f}" for program in programs[1:]]
            cells = [record["backbone"], threads, batch, f"{times['torch']:g}", *ratios]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
