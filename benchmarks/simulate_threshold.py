"""Measure how often the abstention threshold keeps its target error rate on simulated splits.

Run     python -m benchmarks.simulate_threshold     (about four minutes)
Writes  benchmarks/results/threshold.json

A split keeps the target if the true error rate of the images that its threshold accepts is at most
the target, or if no threshold is chosen. The true rate is that of 400,000 independent images.
Splits with one image per group have independent images. The weaker network has an accuracy of about
0.6, the stronger one of 0.8 to 0.88; sd is the standard deviation of the effect that the images of
a group share.
"""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulated_predictions import simulate
from emotion.core import files
from emotion.core.seeding import derive_seed
from emotion.evaluation.abstention import DELTA, choose_threshold

RESULTS = Path(__file__).parent / "results" / "threshold.json"
SPLITS = 500
POPULATION = 400_000
SIZES = ((22, 8), (100, 8), (40, 20), (200, 1), (1000, 1), (3000, 1))  # groups, images per group
TARGETS = (0.05, 0.1, 0.2)
NETWORKS = {"weaker": 1.6, "stronger": 2.8}  # skill
SUBJECT_SD = (0.7, 1.5)


class Population:
    """True coverage and error rate of every threshold."""

    def __init__(self, subject_sd: float, skill: float) -> None:
        rng = np.random.default_rng(derive_seed("population"))
        images = simulate(rng, POPULATION, 1, subject_sd=subject_sd, skill=skill)
        order = np.argsort(images.confidence)
        self.confidence = images.confidence[order]
        self.correct = (images.predicted == images.labels)[order]
        self.errors_above = np.cumsum(~self.correct[::-1])[::-1]

    def at(self, threshold: float) -> tuple[float, float]:
        """Coverage and error rate."""
        first = int(np.searchsorted(self.confidence, threshold))
        accepted = POPULATION - first
        return accepted / POPULATION, self.errors_above[first] / accepted


def measure(groups: int, images: int, subject_sd: float, skill: float) -> list[dict[str, Any]]:
    """One row of the table for each target."""
    population = Population(subject_sd, skill)
    chosen: dict[float, list[float]] = {target: [] for target in TARGETS}
    for split in range(SPLITS):
        rng = np.random.default_rng(derive_seed("split", split, groups, images))
        val = simulate(rng, groups, images, subject_sd=subject_sd, skill=skill)
        for target in TARGETS:
            correct = val.predicted == val.labels
            threshold = choose_threshold(val.confidence, correct, val.groups, target).threshold
            if threshold is not None:
                chosen[target].append(threshold)
    return [
        summarize(target, chosen[target], population)
        | {"groups": groups, "images_per_group": images, "subject_sd": subject_sd}
        for target in TARGETS
    ]


def summarize(target: float, thresholds: list[float], population: Population) -> dict[str, Any]:
    """Fractions of all splits; coverage and error rate are means over those with a threshold."""
    true = [population.at(threshold) for threshold in thresholds]
    broken = sum(error > target for _, error in true)
    coverage, error = np.mean(true, axis=0).tolist() if true else (None, None)
    return {
        "target": target,
        "with_threshold": len(true) / SPLITS,
        "kept": 1 - broken / SPLITS,
        "coverage": coverage and round(coverage, 4),
        "error": error and round(error, 4),
    }


def main() -> None:
    """Measure all settings, write the results, and print the table."""
    rows = []
    print("network   sd   groups  images  target  kept   with threshold  coverage  error")
    for network, skill in NETWORKS.items():
        for subject_sd in SUBJECT_SD:
            for groups, images in SIZES:
                for row in measure(groups, images, subject_sd, skill):
                    rows.append({"network": network, **row})
                    print(_line(rows[-1]), flush=True)
    lowest = min(row["kept"] for row in rows)
    print(f"lowest fraction of splits that keep the target: {lowest:.3f}, promised {1 - DELTA:g}")
    result = {"splits": SPLITS, "delta": DELTA, "lowest_kept": lowest, "rows": rows}
    files.write_json(RESULTS, result)


def _line(row: dict[str, Any]) -> str:
    true = "" if row["coverage"] is None else f"{row['coverage']:>10.2f}{row['error']:>7.3f}"
    return (
        f"{row['network']:<9}{row['subject_sd']:<5}{row['groups']:>6}{row['images_per_group']:>8}"
        f"{row['target']:>8}{row['kept']:>7.3f}{row['with_threshold']:>15.2f}{true}"
    )


if __name__ == "__main__":
    main()
