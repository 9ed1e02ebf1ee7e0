"""Measure the error rate and the power of the test of slices, on simulated predictions.

Run     python -m benchmarks.simulate_slices [replications]     (4000 by default: 10 minutes)
Writes  benchmarks/results/slices.json

Where no attribute matters, at most 5 % of the p-values may be below 0.05, and at most 5 % of the
replications may have any Holm-adjusted p-value below it. The results also hold two alternatives
that were rejected: permuting images instead of groups, and the plain gap as the statistic.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import describe_machine
from benchmarks.simulated_predictions import SimulatedPredictions, simulate
from emotion.core import files
from emotion.evaluation.slice_gaps import Blocks, intraclass_correlation, largest_difference
from emotion.evaluation.slices import MIN_ROWS
from emotion.metrics.hypothesis_tests import holm

RESULTS = Path(__file__).parent / "results" / "slices.json"
PERMUTATIONS = 199  # a multiple of 20 less one, so that a p-value of 0.05 is possible
GAP = 0.15  # true difference of the accuracy, where there is one

Sizes = np.ndarray  # images of each group
STRUCTURES: dict[str, Sizes] = {
    "22 groups of 8": np.full(22, 8),
    "60 groups of 8": np.full(60, 8),
    "500 groups of 1": np.full(500, 1),
    "60 groups of 1 to 40": np.geomspace(1, 40, 60).round().astype(int),
}
RARE = [0.35, 0.35] + [0.06] * 5  # two frequent values and five rare ones

Draw = Callable[[np.random.Generator, Sizes], np.ndarray]  # the value of each image


def per_group(shares: list[float]) -> Draw:
    """Values of groups, with these probabilities."""
    return lambda rng, sizes: np.repeat(rng.choice(len(shares), len(sizes), p=shares), sizes)


def per_image(values: int) -> Draw:
    """Values of images, all equally frequent."""
    return lambda rng, sizes: rng.integers(values, size=sizes.sum())


def by_size(rng: np.random.Generator, sizes: Sizes) -> np.ndarray:
    """One of two values of groups; the larger groups mostly have the second, the others rarely."""
    second = rng.random(len(sizes)) < np.where(sizes > np.median(sizes), 0.8, 0.2)
    return np.repeat(second.astype(int), sizes)


def nearly_per_group(rng: np.random.Generator, sizes: Sizes) -> np.ndarray:
    """One of two values of groups, but one image in ten has a random value."""
    random = rng.random(sizes.sum()) < 0.1
    return np.where(random, per_image(2)(rng, sizes), per_group([0.5, 0.5])(rng, sizes))


ATTRIBUTES: dict[str, Draw] = {
    "2 values of groups": per_group([0.5, 0.5]),
    "5 values of groups": per_group([0.2] * 5),
    "10 values of groups": per_group([0.1] * 10),
    "2 values of images": per_image(2),
    "5 values of images": per_image(5),
}
DIFFICULT: dict[str, Draw] = {
    "2 values by group size": by_size,
    "2 values nearly of groups": nearly_per_group,
    "2 frequent, 5 rare values of groups": per_group(RARE),
}


def main() -> None:
    """Simulate every structure, print the tables and write the results."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    print(f"{replications:,} replications; rates of p <= 0.05")
    errors = [measure_errors(name, replications) for name in STRUCTURES]
    print(f"\nno difference\n{format_table(errors)}")
    power = [measure_power(name, replications // 4) for name in STRUCTURES]
    print(f"\na difference of {100 * GAP:.0f} points\n{format_table(power)}")
    files.write_json(
        RESULTS,
        {
            "machine": describe_machine(),
            "replications": replications,
            "permutations": PERMUTATIONS,
            "errors": errors,
            "power": power,
        },
    )


def measure_errors(structure: str, replications: int) -> dict[str, Any]:
    """Rates of p <= 0.05 where no attribute matters: of each, of any, and if images permute."""
    found = []
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        sizes = STRUCTURES[structure]
        simulated = draw_groups(rng, sizes)
        rates = {
            name: p_value_of(simulated, draw(rng, sizes), rng) for name, draw in ATTRIBUTES.items()
        }
        tested = [p for p in rates.values() if p is not None]
        rates[f"any of {len(ATTRIBUTES)}, adjusted"] = min(holm(tested), default=1.0)
        for name, draw in DIFFICULT.items():
            rates[name] = p_value_of(simulated, draw(rng, sizes), rng)
        images = SimulatedPredictions(
            simulated.labels, simulated.logits, np.arange(len(simulated.labels))
        )
        for name in ("2 values of groups", "5 values of groups"):
            values = ATTRIBUTES[name](rng, sizes)
            rates[f"{name}, images permuted"] = p_value_of(images, values, rng)
        found.append(rates)
    return {"structure": structure} | rejections(found)


def measure_power(structure: str, replications: int) -> dict[str, Any]:
    """Rates of p <= 0.05 where the first value of an attribute has a lower accuracy."""
    found = []
    for seed in range(replications):
        rates = {}
        for name, draw in (ATTRIBUTES | DIFFICULT).items():
            rng = np.random.default_rng(seed)
            sizes = STRUCTURES[structure]
            simulated = draw_groups(rng, sizes)
            values = draw(rng, sizes)
            spoil(rng, simulated, values == 0)
            rates[name] = p_value_of(simulated, values, rng)
            rates[f"{name}, plain gap"] = p_value_of(simulated, values, rng, plain_gap)
        found.append(rates)
    return {"structure": structure} | rejections(found)


def p_value_of(
    simulated: SimulatedPredictions,
    values: np.ndarray,
    rng: np.random.Generator,
    statistic: Callable[[np.ndarray], np.ndarray] = largest_difference,
) -> float | None:
    """The p-value as in `compute_gaps`; None without two values of MIN_ROWS rows."""
    if np.sum(np.bincount(values) >= MIN_ROWS) < 2:
        return None
    correct = simulated.predicted == simulated.labels
    similarity = intraclass_correlation(correct, simulated.groups)
    blocks = Blocks(correct, simulated.groups, values, similarity)
    drawn = statistic(blocks.permute(PERMUTATIONS, rng))
    as_large = np.sum(drawn >= statistic(blocks.observed) * (1 - 1e-9))
    return float((1 + as_large) / (1 + PERMUTATIONS))


def plain_gap(sums: np.ndarray) -> np.ndarray:
    """The rejected statistic: highest less lowest accuracy."""
    rows, hits, _ = np.moveaxis(sums, -1, 0)
    accuracy = hits / np.where(rows >= MIN_ROWS, rows, np.nan)
    return np.asarray(np.nan_to_num(np.fmax.reduce(accuracy, -1) - np.fmin.reduce(accuracy, -1)))


def rejections(p_values: list[dict[str, float | None]]) -> dict[str, float]:
    """The fraction of p-values of at most 0.05, of those replications that have one."""
    table = pd.DataFrame(p_values, dtype=float)
    return {str(name): round(float((table[name].dropna() <= 0.05).mean()), 4) for name in table}


def draw_groups(rng: np.random.Generator, sizes: Sizes) -> SimulatedPredictions:
    """Predictions with groups of these sizes."""
    largest = int(sizes.max())
    full = simulate(rng, len(sizes), largest)
    kept = (np.arange(largest) < sizes[:, None]).ravel()
    return SimulatedPredictions(full.labels[kept], full.logits[kept], full.groups[kept])


def spoil(rng: np.random.Generator, simulated: SimulatedPredictions, rows: np.ndarray) -> None:
    """Turn correct predictions of some rows into errors, so that they lose GAP of accuracy."""
    correct = simulated.predicted == simulated.labels
    spoiled = np.flatnonzero(rows & correct & (rng.random(len(rows)) < GAP / correct.mean()))
    simulated.logits[spoiled, simulated.labels[spoiled]] = -99


def format_table(results: list[dict[str, Any]]) -> str:
    """One row per attribute, one column per structure."""
    table = pd.DataFrame(results).set_index("structure").T
    return str(table.map(lambda rate: f"{100 * rate:.1f} %").to_string())


if __name__ == "__main__":
    main()
