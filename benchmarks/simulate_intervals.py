"""Measure the coverage of the 95 % intervals: how often they hold the truth of simulated data.

Run     python -m benchmarks.simulate_intervals     (about ten minutes)
Writes  benchmarks/results/intervals.json

Truth is the score of TRUTH_ROWS simulated rows, because only a large sample has an expected
calibration error (ECE) without bias. ECE is measured at three sharpnesses, of which the middle one
is nearly calibrated. Differences are those of a second model, which has the same scores with noise.
The same resamples also give the percentile intervals that were not chosen: expanded ones for scores
and differences, plain ones for ECE.
"""

import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.machine import describe_machine, in_a_process
from benchmarks.simulated_predictions import SimulatedPredictions, simulate
from emotion.core import files
from emotion.metrics import bootstrap, scores, sums

RESULTS = Path(__file__).parent / "results" / "intervals.json"
CLASSES, RESAMPLES, TRUTH_ROWS, CHUNK_ROWS = 6, 1000, 4_000_000, 50_000
SHARPNESSES = (0.9, 1.3, 2.2)
NOISE = 0.8  # of the second model, in standard deviations of a score
CELLS = CLASSES**2
SCORES = ["accuracy", "macro_f1", *(f"f1_of_class_{index}" for index in range(CLASSES))]
ECES = [f"ece_at_{sharpness}" for sharpness in SHARPNESSES]
DIFFERENCES = ["accuracy_difference", "macro_f1_difference", "ece_difference"]
SPEED_ROWS, SPEED_CLASSES, SPEED_RESAMPLES, REPETITIONS = 10_000, 8, 2000, 3


@dataclass(frozen=True)
class Design:
    """A test split; `skill` 1.6, 3.0 and 4.5 are accuracies of 0.63, 0.91 and 0.99."""

    groups: int
    images_per_group: int
    skill: float = 1.6
    replications: int = 1000


DESIGNS = (
    Design(22, 8),
    Design(60, 8),
    Design(200, 5),
    Design(200, 1),
    Design(1000, 1),
    Design(3000, 1, replications=400),
    Design(3, 8, replications=400),
    Design(8, 8, replications=400),
    Design(60, 8, skill=3.0, replications=400),
    Design(60, 8, skill=4.5, replications=400),
)


def main() -> None:
    """Measure, print the tables, and write the numbers."""
    truths = {skill: find_truth(skill) for skill in {design.skill for design in DESIGNS}}
    results: dict[str, Any] = {
        "machine": describe_machine(),
        "resamples": RESAMPLES,
        "speed": in_a_process(measure_speed),
        "designs": [
            asdict(design) | {"statistics": measure(design, truths[design.skill])}
            for design in DESIGNS
        ],
    }
    print(format_table(results["designs"], "coverage"))
    print("\nPercentile intervals:\n" + format_table(results["designs"], "percentile_coverage"))
    print(f"\nA paired comparison of {SPEED_ROWS:,} rows: {results['speed']}")
    files.write_json(RESULTS, results)


def find_truth(skill: float) -> dict[str, float]:
    """Scores of a very large sample; groups do not matter for it."""
    rng = np.random.default_rng(2024)
    total = np.zeros(len(layout()), dtype=np.int64)
    for _ in range(TRUTH_ROWS // CHUNK_ROWS):
        total += count(simulate(rng, CHUNK_ROWS, 1, sharpness=1.0, skill=skill), rng).sum(axis=0)
    return {name: float(values[0]) for name, values in score(total[None]).items()}


def layout() -> list[str]:
    """The statistic to which each column of `count` belongs."""
    gaps = [name for name in [*ECES, "second_ece"] for _ in range(sums.BINS)]
    return ["cells"] * CELLS + ["second_cells"] * CELLS + gaps


def count(predictions: SimulatedPredictions, rng: np.random.Generator) -> np.ndarray:
    """One vector per row, from whose sums all scores follow; see `layout`."""
    first, labels = predictions.logits, predictions.labels
    second = first + rng.normal(0, NOISE, first.shape)
    models = [(first, sharpness) for sharpness in SHARPNESSES] + [(second, SHARPNESSES[1])]
    return np.hstack(
        [sums.count_cells(labels, logits.argmax(axis=1), CLASSES) for logits in (first, second)]
        + [
            sums.count_gaps(
                scores.softmax(sharpness * logits).max(axis=1), logits.argmax(axis=1) == labels
            )
            for logits, sharpness in models
        ]
    )


def score(counts: np.ndarray) -> dict[str, np.ndarray]:
    """All statistics of summed counts (R, K), each of shape (R,)."""
    columns = np.array(layout())
    confusion, second = (
        sums.confusions(counts[:, columns == name]) for name in ("cells", "second_cells")
    )
    images = confusion.sum(axis=(1, 2))
    values = [sums.accuracy_of(confusion), scores.macro_f1_of(confusion)]
    found = dict(zip(SCORES, [*values, *sums.class_f1_of(confusion).T], strict=True))
    for name in [*ECES, "second_ece"]:
        found[name] = sums.ece_of(counts[:, columns == name], images)
    second_values = [
        sums.accuracy_of(second),
        scores.macro_f1_of(second),
        found.pop("second_ece"),
    ]
    values.append(found[ECES[1]])
    differences = [two - one for one, two in zip(values, second_values, strict=True)]
    return found | dict(zip(DIFFERENCES, differences, strict=True))


def measure(design: Design, truth: dict[str, float]) -> dict[str, dict[str, float]]:
    """Coverage and mean width by statistic, over the replications that define its interval."""
    rng = np.random.default_rng((design.groups, design.images_per_group, round(10 * design.skill)))
    held: dict[str, list[tuple[bool, float, bool]]] = {name: [] for name in truth}
    for _ in range(design.replications):
        predictions = simulate(
            rng, design.groups, design.images_per_group, sharpness=1.0, skill=design.skill
        )
        counts = count(predictions, rng)
        resampled = bootstrap.resample_sums(counts, predictions.groups, RESAMPLES)
        for name, samples in score(resampled).items():
            if name in ECES:
                interval = find_ece_interval(name, predictions, counts, resampled, design.groups)
            elif name in DIFFERENCES:
                interval = bootstrap.difference_interval_of(samples, design.groups)
            else:
                interval = bootstrap.interval_of(samples, design.groups)
            if interval is not None:
                low, high = find_percentiles(samples, design.groups, expand=name not in ECES)
                covers = interval.low <= truth[name] <= interval.high
                width = interval.high - interval.low
                held[name].append((covers, width, low <= truth[name] <= high))
    return {
        name: {
            "truth": round(truth[name], 4),
            "coverage": round(float(np.mean([row[0] for row in rows])), 4),
            "mean_width": round(float(np.mean([row[1] for row in rows])), 4),
            "percentile_coverage": round(float(np.mean([row[2] for row in rows])), 4),
        }
        for name, rows in held.items()
    }


def find_ece_interval(
    name: str,
    predictions: SimulatedPredictions,
    counts: np.ndarray,
    resampled: np.ndarray,
    groups: int,
) -> bootstrap.Interval | None:
    """`bootstrap.ece_interval` at one of the sharpnesses."""
    columns = np.array(layout())
    sharpness = SHARPNESSES[ECES.index(name)]
    confidence = scores.softmax(sharpness * predictions.logits).max(axis=1)
    return bootstrap.ece_interval(
        gaps=counts[:, columns == name].sum(axis=0),
        counts=np.bincount(scores.bin_of(confidence, sums.BINS), minlength=sums.BINS),
        resampled=resampled[:, columns == name],
        images=resampled[:, columns == "cells"].sum(axis=1),
        groups=groups,
    )


def find_percentiles(samples: np.ndarray, groups: int, expand: bool) -> np.ndarray:
    """The limits of a percentile interval, plain or widened for few groups (Hesterberg, 2015)."""
    tail = (1 - bootstrap.LEVEL) / 2
    if expand:
        student = stats.t.ppf(tail, groups - 1)
        tail = stats.norm.cdf(np.sqrt(groups / (groups - 1)) * student)
    return np.asarray(np.nanquantile(samples, (tail, 1 - tail)))


def measure_speed() -> dict[str, float]:
    """Median seconds to resample a comparison of two models with groups of one image."""
    rng = np.random.default_rng(0)
    prior = (1 / SPEED_CLASSES,) * SPEED_CLASSES
    first, second = (simulate(rng, SPEED_ROWS, 1, classes_prior=prior) for _ in range(2))
    columns = []
    for model in (first, second):
        columns.append(sums.count_cells(first.labels, model.predicted, SPEED_CLASSES))
        columns.append(sums.count_gaps(model.confidence, model.predicted == first.labels))
    counts = np.hstack(columns)
    wall, processor = [], []
    for _ in range(REPETITIONS):
        start = time.perf_counter(), time.process_time()
        bootstrap.resample_sums(counts, first.groups, SPEED_RESAMPLES)
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return {
        "seconds": round(statistics.median(wall), 2),
        "processor_seconds": round(statistics.median(processor), 2),
    }


def format_table(designs: list[dict[str, Any]], quantity: str) -> str:
    """Format a Markdown table in percent; F1 of a class as the range over the classes."""
    single = [name for name in SCORES + ECES + DIFFERENCES if "class" not in name]
    titles = [*(name.replace("_", " ") for name in single), "F1 of a class"]
    lines = [
        "| groups x images, skill | " + " | ".join(titles) + " |",
        "| --- |" + " ---: |" * len(titles),
    ]
    for design in designs:
        found = design["statistics"]
        cells = [f"{100 * found[name][quantity]:.1f}" for name in single]
        classes = [100 * found[name][quantity] for name in SCORES if "class" in name]
        name = f"{design['groups']} x {design['images_per_group']}, {design['skill']}"
        cells.append(f"{min(classes):.1f} to {max(classes):.1f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
