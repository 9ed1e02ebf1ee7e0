"""Measure how often `emotion compare` is wrong, and how often it finds a real difference.

Run     python -m benchmarks.simulate_compare [replications]     (1000 by default: 15 minutes)
Writes  benchmarks/results/compare.json

Several models are drawn for the same images. Where all are equally good, a difference may be shown
in at most 5 % of the replications (6 % are accepted, for the error of the simulation); with several
revisions, in at most 5 % for any of them. A true gap of 0.03 in macro-F1 should be found on 3,000
images in at least 90 %, if the models agree as often as two training runs of a network do. Each
model finds some subjects harder than the other models do, so fewer subjects have less power.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize

from benchmarks.machine import describe_machine
from benchmarks.simulated_predictions import SimulatedPredictions, simulate
from emotion.core import files
from emotion.evaluation.comparison.paired import compare_with_baseline
from emotion.evaluation.comparison.predictions import RevisionPredictions
from emotion.metrics import scores

RESULTS = Path(__file__).parent / "results" / "compare.json"
RESAMPLES = 1000
GAP = 0.03  # true difference of macro-F1
SHARPNESS = 1.3
CLASSES = ["angry", "fearful", "happy", "neutral", "sad", "surprised"]
REFERENCE = (20_000, 10)  # groups and images of each, to compute true scores from


@dataclass(frozen=True)
class Setting:
    """Images and models of one simulation."""

    groups: int
    images_per_group: int
    noise: float  # standard deviation of the scores of one model; that of the common part is 1
    subject_sd: float = 0.2  # of the effect of a subject on one model only
    revisions: int = 1  # compared with the baseline
    gap: float = 0.0


EQUAL = [
    Setting(22, 8, noise=0.5),
    Setting(60, 8, noise=0.5),
    Setting(60, 8, noise=0.2),
    Setting(500, 1, noise=0.5, subject_sd=0),
    Setting(60, 50, noise=0.5),
    Setting(60, 8, noise=0.5, revisions=4),
]
DIFFERENT = [
    Setting(3000, 1, noise=0.2, subject_sd=0, gap=GAP),
    Setting(3000, 1, noise=0.3, subject_sd=0, gap=GAP),
    Setting(3000, 1, noise=0.5, subject_sd=0, gap=GAP),
    Setting(300, 10, noise=0.3, gap=GAP),
    Setting(60, 50, noise=0.3, gap=GAP),
    Setting(22, 8, noise=0.3, gap=GAP),
]


def main() -> None:
    """Simulate every setting, print the tables and write the results."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    equal = [measure(setting, replications) for setting in EQUAL]
    print(f"equally good models, {replications:,} replications\n{format_table(equal)}")
    different = [measure(setting, replications // 4) for setting in DIFFERENT]
    print(f"\na true gap of {GAP} macro-F1\n{format_table(different)}")
    files.write_json(
        RESULTS,
        {
            "machine": describe_machine(),
            "replications": replications,
            "resamples": RESAMPLES,
            "equal": equal,
            "different": different,
        },
    )


def measure(setting: Setting, replications: int) -> dict[str, Any]:
    """Fractions of the replications with each verdict, and of the intervals with the true gap."""
    more_skill = find_skill(setting)
    worse, better, covered, agreement = [], [], [], []
    for seed in range(replications):
        baseline, *others = draw_models(np.random.default_rng(seed), setting, more_skill)
        comparisons = compare_with_baseline(baseline, others, RESAMPLES)
        verdicts = [comparison.verdict for comparison in comparisons]
        worse.append(-1 in verdicts)
        better.append(1 in verdicts)
        for comparison, other in zip(comparisons, others, strict=True):
            low, high = comparison.macro_f1.interval or (np.nan, np.nan)
            covered.append(low <= setting.gap <= high)
            agreement.append(np.mean(baseline.rows["predicted"] == other.rows["predicted"]))
    means = {
        "no difference": 1 - np.mean(np.logical_or(worse, better)),
        "better": np.mean(better),
        "worse": np.mean(worse),
        "interval covers": np.mean(covered),
        "models agree": np.mean(agreement),
    }
    sizes = {
        "groups": setting.groups,
        "images": setting.groups * setting.images_per_group,
        "noise": setting.noise,
        "revisions": setting.revisions,
    }
    return sizes | {name: round(float(value), 4) for name, value in means.items()}


def draw_models(
    rng: np.random.Generator, setting: Setting, more_skill: float
) -> list[RevisionPredictions]:
    """The baseline and its revisions; `more_skill` is added to the score of the true class."""
    shared = simulate(rng, setting.groups, setting.images_per_group, sharpness=1.0)
    names = np.array(CLASSES)
    rows = pd.DataFrame({"label": names[shared.labels], "group": shared.groups.astype(str)})
    rows["path"] = rows["sha256"] = [f"{index:06d}" for index in range(len(rows))]
    models = []
    for number in range(setting.revisions + 1):
        logits = draw_logits(rng, shared, setting, more_skill if number else 0.0)
        table = rows.assign(
            predicted=names[logits.argmax(axis=1)],
            confidence=scores.softmax(logits).max(axis=1).round(6),
        )
        models.append(RevisionPredictions(f"model {number}", table, CLASSES))
    return models


def draw_logits(
    rng: np.random.Generator, shared: SimulatedPredictions, setting: Setting, more_skill: float
) -> np.ndarray:
    """Logits (N, C) of one model: a part common to all models, and a part of this one only."""
    logits = shared.logits + setting.noise * rng.normal(size=shared.logits.shape)
    subject = rng.normal(0, setting.subject_sd, shared.groups.max() + 1)
    logits[np.arange(len(logits)), shared.labels] += more_skill + subject[shared.groups]
    return SHARPNESS * logits / np.hypot(1, setting.noise)


def find_skill(setting: Setting) -> float:
    """The additional skill that gives the true gap, from many images."""
    if not setting.gap:
        return 0.0
    groups, images = REFERENCE
    rng = np.random.default_rng(0)
    shared = simulate(rng, groups, images, sharpness=1.0)
    logits = draw_logits(rng, shared, setting, more_skill=0.0)
    hits = np.eye(len(CLASSES))[shared.labels] * SHARPNESS / np.hypot(1, setting.noise)

    def score(skill: float) -> float:
        predicted = (logits + skill * hits).argmax(axis=1)
        return scores.macro_f1(shared.labels, predicted, len(CLASSES))

    base = score(0.0)
    return float(optimize.brentq(lambda skill: score(skill) - base - setting.gap, 0, 1, xtol=1e-4))


def format_table(results: list[dict[str, Any]]) -> str:
    """One line per setting."""
    return pd.DataFrame(results).to_string(index=False)


if __name__ == "__main__":
    main()
