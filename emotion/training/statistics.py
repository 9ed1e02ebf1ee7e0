"""Statistics of weights and gradients per epoch, which reveal vanishing or exploding layers."""

import csv
from pathlib import Path
from typing import Any

import torch
from torch import nn

from emotion.core import files

COLUMNS = ("epoch", "kind", "name", "mean", "std", "min", "max", "l2")


def measure(model: nn.Module, epoch: int) -> list[dict[str, Any]]:
    """One row per parameter, and one per gradient where there is one, with the keys of COLUMNS.

    The gradients are those of the epoch's last step, after clipping. `std` is that of the
    population, `l2` the Euclidean norm.
    """
    rows = []
    for name, parameter in model.named_parameters():
        for kind, tensor in (("weight", parameter.detach()), ("gradient", parameter.grad)):
            if tensor is not None:
                rows.append({"epoch": epoch, "kind": kind, "name": name, **_describe(tensor)})
    return rows


def write_statistics(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the rows of all epochs as CSV."""
    with files.replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_final_weights(path: Path, state_dict: dict[str, torch.Tensor]) -> None:
    """Write a table of all saved tensors: shape, and the statistics of `measure`."""
    lines = [" ".join([f"{'name':<60} {'shape':<18}", *(f"{name:>10}" for name in COLUMNS[3:])])]
    for name, tensor in state_dict.items():
        numbers = " ".join(f"{value:>10.4g}" for value in _describe(tensor).values())
        lines.append(f"{name:<60} {'x'.join(map(str, tensor.shape)) or '-':<18} {numbers}")
    files.write_text(path, "\n".join(lines) + "\n")


def _describe(tensor: torch.Tensor) -> dict[str, float]:
    values = tensor.float()
    return {
        "mean": float(values.mean()),
        "std": float(values.std(correction=0)),
        "min": float(values.min()),
        "max": float(values.max()),
        "l2": float(values.norm()),
    }
