"""The tables of benchmarks/bench_faces.py for docs/accuracy.md.

All functions take its results: a record per dataset, with one per recipe and crop.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.bench_recipe import format_spread
from benchmarks.copy_scores import ALL, ORIGINAL, OTHER, VAL
from benchmarks.scenes import KINDS

COLUMNS = {
    (VAL, "accuracy"): "val accuracy",
    (VAL, "macro_f1"): "val macro-F1",
    (ORIGINAL, "accuracy"): "test accuracy",
    (ORIGINAL, "macro_f1"): "test macro-F1",
    (ORIGINAL, "balanced_accuracy"): "test balanced accuracy",
    (OTHER, "accuracy"): "other accuracy",
    (OTHER, "balanced_accuracy"): "other balanced accuracy",
}
PARTIES = (
    "faces",
    "found",
    "elsewhere",
    "correct",
    "class as cut by hand",
    "difference",
    "class as moved",
    "difference",
)


def format_scores(found: dict[str, Any]) -> str:
    """A Markdown table of the originals: a row per crop, means over seeds with their range."""
    rows = []
    for name, record in _networks(found):
        scores = [
            format_spread(record["scores"][kind][score]) if kind in record["scores"] else ""
            for kind, score in COLUMNS
        ]
        rows.append((name, str(record["seeds"]), *scores))
    return _format_table(("runs", *COLUMNS.values()), rows)


def format_differences(found: dict[str, Any]) -> str:
    """A Markdown table of the differences in points: a row per crop, a column per kind of copy."""
    kinds = (*KINDS, ALL)
    layout = "{mean:+.1f} ({low:+.1f} to {high:+.1f})"
    rows = [
        (name, *(layout.format(**record["differences"][kind]) for kind in kinds))
        for name, record in _networks(found)
    ]
    return _format_table(kinds, rows)


def format_found(found: dict[str, Any]) -> str:
    """A Markdown table of the images in which a face is found, in percent; no network matters."""
    kinds = (ORIGINAL, *KINDS)
    lines = ["| dataset | " + " | ".join(kinds) + " |", "| --- |" + " ---: |" * len(kinds)]
    for dataset in found:
        with_faces = [r for _, r in _networks({dataset: found[dataset]}) if "parties" in r]
        shares = [f"{100 * with_faces[0]['found'][kind]:.1f}" for kind in kinds]
        lines.append(f"| {dataset} | {' | '.join(shares)} |")
    return "\n".join(lines)


def format_parties(found: dict[str, Any]) -> str:
    """A Markdown table of the scenes: a row per network that finds faces."""
    rows = [
        (name, *(f"{value:g}" for value in record["parties"].values()))
        for name, record in _networks(found)
        if "parties" in record
    ]
    return _format_table(PARTIES, rows)


TABLES = (format_scores, format_differences, format_found, format_parties)


def _networks(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The first cells of a row, and the record."""
    for dataset, measured in found.items():
        for recipe, crops in measured["recipes"].items():
            for crop, record in crops.items():
                yield f"{dataset} | {recipe} | {crop}", record


def _format_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [
        "| dataset | recipe | crop | " + " | ".join(columns) + " |",
        "| --- | --- | --- |" + " ---: |" * len(columns),
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
