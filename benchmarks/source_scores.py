"""Scores of networks on the faces of one source, for benchmarks/bench_photographs.py."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emotion.metrics import bootstrap, scores, sums

RESAMPLES = 2000
NONE = ""  # in place of a predicted class


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Labeled images of one source."""

    name: str
    paths: list[str]
    labels: np.ndarray  # class names (N,)
    groups: np.ndarray  # persons, or images, that are resampled together (N,)


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What a network says of each image: probabilities (N, C), NaN where it has no face."""

    name: str
    class_names: list[str]
    probabilities: np.ndarray

    def labels(self, among: set[str] | None = None) -> np.ndarray:
        """The predicted classes (N,), NONE where there is no face.

        Args:
            among: the only classes to choose from; None for all.
        """
        chosen = [name for name in self.class_names if among is None or name in among]
        columns = [self.class_names.index(name) for name in chosen]
        found = self.probabilities[:, columns]
        known = ~np.isnan(found).any(axis=1)
        best = np.array(chosen)[np.where(known[:, None], found, 0).argmax(axis=1)]
        return np.where(known, best, NONE)


def measure(source: Faces, networks: list[Predicted]) -> dict[str, Any]:
    """Scores of all networks on a source, and how far ours is ahead of each other one."""
    known = set(source.labels)
    record: dict[str, Any] = {
        "images": len(source.labels),
        "counts": pd.Series(source.labels).value_counts().to_dict(),
        "no_face": round(float(np.isnan(networks[0].probabilities).any(axis=1).mean()), 4),
        "networks": {},
    }
    shared = known.intersection(*(network.class_names for network in networks))
    for network in networks:
        record["networks"][network.name] = {
            "all": score(source, network.labels()),
            "known": score(source, network.labels(among=known)),
            "shared": score(source, network.labels(among=shared), shared),
        }
    ours = networks[0].labels(among=shared)
    for network in networks[1:]:
        ahead = difference(source, ours, network.labels(among=shared), shared)
        record["networks"][network.name]["ahead"] = ahead
    record["calibration_error"] = calibration_error(source, networks[0])
    return record


def score(source: Faces, predicted: np.ndarray, among: set[str] | None = None) -> dict[str, Any]:
    """Scores with 95 % intervals, and those of each class, of the rows whose label is `among`."""
    chosen = np.isin(source.labels, sorted(among)) if among else np.full(len(predicted), True)
    labels, groups, predicted = source.labels[chosen], source.groups[chosen], predicted[chosen]
    names = sorted({*labels, *predicted})
    codes, predicted_codes = (pd.Categorical(v, names).codes for v in (labels, predicted))
    cells = sums.count_cells(codes, predicted_codes, len(names))
    resampled = sums.confusions(bootstrap.resample_sums(cells, groups, RESAMPLES))
    total = sums.confusions(cells.sum(axis=0))
    count = len(set(groups))
    found: dict[str, Any] = {"images": len(labels)}
    for name, formula in (
        ("accuracy", sums.accuracy_of),
        ("balanced_accuracy", _balanced_of),
        ("macro_f1", sums.macro_f1_of),
    ):
        interval = bootstrap.interval_of(formula(resampled), count)
        found[name] = [float(formula(total)), *(interval or (np.nan, np.nan))]
        found[name] = [round(value, 4) for value in found[name]]
    parts = scores.per_class(codes, predicted_codes, len(names))
    found["classes"] = {
        name: {key: round(float(parts[key][number]), 4) for key in ("precision", "recall", "f1")}
        for number, name in enumerate(names)
        if name in set(labels)
    }
    mistakes = pd.Series(list(zip(labels, predicted, strict=True)))[labels != predicted]
    found["mistakes"] = [
        [*pair, int(number)] for pair, number in mistakes.value_counts().head(6).items()
    ]
    return found


def _balanced_of(confusion: np.ndarray) -> np.ndarray:
    """Mean recall over the classes that occur as a label, of confusion matrices (..., C, C)."""
    support = confusion.sum(axis=-1)
    recall = np.diagonal(confusion, axis1=-2, axis2=-1) / np.maximum(support, 1)
    return np.asarray(recall.sum(axis=-1) / (support > 0).sum(axis=-1))


def difference(
    source: Faces, ours: np.ndarray, theirs: np.ndarray, among: set[str]
) -> dict[str, float]:
    """Accuracy of ours minus theirs, paired, in points, with its 95 % interval."""
    chosen = np.isin(source.labels, sorted(among))
    change = (ours == source.labels).astype(int) - (theirs == source.labels).astype(int)
    values = np.stack([change[chosen], np.ones(chosen.sum(), int)], axis=1)
    total = bootstrap.resample_sums(values, source.groups[chosen], RESAMPLES)
    count = len(set(source.groups[chosen]))
    low, high = bootstrap.difference_interval_of(total[:, 0] / total[:, 1], count) or (0.0, 0.0)
    figures = {"mean": change[chosen].mean(), "low": low, "high": high}
    return {name: round(100 * float(value), 2) for name, value in figures.items()}


def calibration_error(source: Faces, network: Predicted) -> float:
    """ECE of the images with a face, over all classes of the network."""
    found = ~np.isnan(network.probabilities).any(axis=1)
    confidence = network.probabilities[found].max(axis=1)
    gaps = sums.count_gaps(confidence, network.labels()[found] == source.labels[found])
    return round(float(sums.ece_of(gaps.sum(axis=0), int(found.sum()))), 4)
