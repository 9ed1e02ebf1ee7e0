"""Scores of copies of images against those of their originals, for benchmarks/bench_faces.py.

All functions take predictions: rows with the columns label, predicted (NO_FACE where no face is
found), subject, original and kind, which is VAL, ORIGINAL, the kind of a copy, or OTHER, of images
of another dataset.
"""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scenes import KINDS, PORTRAIT
from emotion.metrics import bootstrap, scores, sums

RESAMPLES = 2000
VAL, ORIGINAL, OTHER, ALL = "val", "original", "other", "all"  # beside the kinds of copies
NO_FACE = ""  # in place of a class, as in `Prediction.label`


def score(runs: list[pd.DataFrame]) -> dict[str, dict[str, list[float]]]:
    """Scores of the originals and of each kind of copy: a value per seed, by kind and score."""
    found: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        names = sorted({*run["label"], *run["predicted"]})
        for kind in [kind for kind in (VAL, ORIGINAL, OTHER, *KINDS) if kind in set(run["kind"])]:
            rows = run[(run["kind"] == kind) & (run["subject"] != PORTRAIT)]
            label, predicted = (
                pd.Categorical(rows[column], names).codes for column in ("label", "predicted")
            )
            confusion = scores.confusion_matrix(label, predicted, len(names))
            values = {
                "accuracy": scores.accuracy(label, predicted),
                "macro_f1": float(sums.macro_f1_of(confusion)),
                "balanced_accuracy": scores.balanced_accuracy(label, predicted, len(names)),
            }
            for name, value in values.items():
                found.setdefault(kind, {}).setdefault(name, []).append(round(value, 4))
    return found


def compare(runs: list[pd.DataFrame]) -> dict[str, Any]:
    """The share of faces found, and the differences between copies and originals, by kind."""
    rows = pd.concat(runs).reset_index(drop=True)
    rows["correct"] = rows["predicted"] == rows["label"]
    rows["found"] = rows["predicted"] != NO_FACE
    portrait = rows[rows["subject"] == PORTRAIT]
    rows = rows[(rows["subject"] != PORTRAIT) & ~rows["kind"].isin([VAL, OTHER])]
    rows["subject"] = rows["subject"].mask(rows["subject"] == "", rows["original"])
    correct, found = (
        rows.pivot_table(index=["original", "subject"], columns="kind", values=name, aggfunc="sum")
        for name in ("correct", "found")
    )
    # Of a cut face a part is lost, whatever the crop.
    kinds = {kind: [kind] for kind in KINDS} | {ALL: [kind for kind in KINDS if kind != "cut"]}
    groups = correct.index.get_level_values("subject").to_numpy()
    return {
        "found": {kind: float((found[kind] > 0).mean()) for kind in (ORIGINAL, *KINDS)},
        "differences": {
            name: difference(correct, found > 0, groups, columns, len(runs))
            for name, columns in kinds.items()
        },
        "portrait": {
            str(kind): same["predicted"].tolist() for kind, same in portrait.groupby("kind")
        },
    }


def difference(
    correct: pd.DataFrame, found: pd.DataFrame, groups: np.ndarray, kinds: list[str], seeds: int
) -> dict[str, float]:
    """The paired difference in accuracy of the copies from the originals, in points.

    Args:
        correct: number of seeds that predict an image correctly, by original and kind.
        found: whether there is a face, likewise.
        groups: the person of each original.
        kinds: whose copies are taken together.
        seeds: number of networks.

    Returns:
        The mean, the limits of its interval, and the mean over the pairs in which the faces of
        both are found.
    """
    originals = correct[ORIGINAL].to_numpy()[:, np.newaxis]
    changes = correct[kinds].to_numpy() - originals
    values = np.stack([changes.sum(axis=1), np.full(len(changes), changes.shape[1])], axis=1)
    total = bootstrap.resample_sums(values.astype(np.int64), groups, RESAMPLES)
    samples = total[:, 0] / total[:, 1] / seeds
    low, high = bootstrap.difference_interval_of(samples, len(set(groups))) or (np.nan, np.nan)
    both = found[kinds].to_numpy() & found[ORIGINAL].to_numpy()[:, np.newaxis]
    figures = {
        "mean": changes.mean() / seeds,
        "low": low,
        "high": high,
        "where_found": changes[both].mean() / seeds,
    }
    return {name: round(100 * float(value), 2) for name, value in figures.items()}
