"""Blocks with measured speeds, from benchmarks/results/."""

from typing import Any

from benchmarks import bench_augmentation, bench_predict, bench_service, bench_training
from docs.committed_run import LEFT, RIGHT, table
from emotion.core import files


def training() -> str:
    """Images per second of training, and their ratio to the bare network."""
    columns = {"": LEFT, "full epochs": RIGHT, "÷ bare": RIGHT}
    columns |= {"frozen epochs": RIGHT, "frozen ÷ bare": RIGHT}
    columns["saving the state, share of an epoch of 1,690 images"] = RIGHT
    rows = []
    for name, found in files.read_json(bench_training.RESULTS)["models"].items():
        rates = [
            cell
            for phase in ("full", "frozen")
            for cell in (f"{found[phase]['ours']:.0f}", f"{found[phase]['ratio']:.2f}")
        ]
        share = f"{100 * found['state']['share_of_epoch']:.1f} %"
        rows.append([f"`{name}`", *rates, share])
    return table(columns, rows)


def augmentation() -> str:
    """Augmentation against PIL and torchvision."""
    found = files.read_json(bench_augmentation.RESULTS)
    small, large = found["112"]["ratio"], found["224"]["ratio"]
    return (
        f"{small:.1f} times as many images per second and core as PIL and torchvision image by "
        f"image at 112 px, and {large:.1f} times at 224 px."
    )


def predict() -> str:
    """`emotion predict` against ONNX Runtime alone, and its memory."""
    found = files.read_json(bench_predict.RESULTS)
    few, many = found["peak_megabytes"].values()
    return (
        f"{found['images_per_second']['predict']:.0f} images/s on {_machine(found)}, "
        f"{found['ratio']:.2f} of the rate of ONNX Runtime alone on ready tensors. Memory is the "
        f"same for 200 and 20,000 images ({few:.0f} and {many:.0f} MB); one image takes "
        f"{found['start_seconds']:.1f} s, start included."
    )


def service() -> str:
    """Responses per second of `emotion serve`."""
    found = files.read_json(bench_service.RESULTS)
    return (
        f"{found['requests_per_second']:.0f} responses per second on {_machine(found)}, half "
        f"within {found['p50_ms']:.0f} ms, 99 % within {found['p99_ms']:.0f} ms."
    )


def _machine(found: dict[str, Any]) -> str:
    processor = found["machine"]["processor"].replace("(R)", "")
    return f"{found['machine']['cores']} cores ({processor})"
