"""Whether the scores of another kind of machine are those that another seed could have given.

There the last bits differ, and training makes another network of them, as another seed does. The
record of runs that differ only in `train.seed` is written by `python -m benchmarks.bench_seeds`.
"""

import math
import statistics
from dataclasses import dataclass
from typing import Any, NamedTuple

from scipy import stats

from emotion.cli.locks import Lock, params_before

RECORD = "benchmarks/results/seeds.json"
SCORED, SCORES = "evaluate", "metrics/evaluate.json"  # the stage and its output
SCORE, SCORE_NAME = "f1", "macro-F1"
SEED = "train.seed"
LEVEL = 0.95


class Interval(NamedTuple):
    """Where the score of one more run is expected, and from how many runs this was computed."""

    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Scores:
    """The score of the run on this machine, against the committed one."""

    here: float
    committed: float | None  # None: the last commit has none
    interval: Interval | None  # None: there is no record of runs with the committed params

    @property
    def agree(self) -> bool:
        """Whether the score of this machine is inside the interval, or there is none."""
        return self.interval is None or self.interval.low <= self.here <= self.interval.high

    def __str__(self) -> str:
        committed = "unknown" if self.committed is None else f"{self.committed:.3f}"
        values = f"test {SCORE_NAME} is {self.here:.3f} here and {committed} in the committed run"
        if self.interval is None:
            return (
                f"{values}; how far seeds alone move it is unknown for the committed params: "
                "`python -m benchmarks.bench_seeds` measures it"
            )
        low, high, runs = self.interval
        verdict = "inside, the scores agree" if self.agree else "OUTSIDE, the scores DISAGREE"
        return (
            f"{values}; {runs} seeds predict {low:.3f} to {high:.3f} ({LEVEL:.0%}) for one more "
            f"run: {verdict}"
        )


def params_of_scores(lock: Lock) -> dict[str, Any]:
    """All parameters that the scores depend on, except the seed of training."""
    params = params_before(lock, SCORED)
    params.pop(SEED, None)
    return params


def read_interval(record: dict[str, Any], lock: Lock) -> Interval | None:
    """The interval of the score; None without runs that had the params of the lock."""
    try:
        values = [float(run[SCORE]) for run in record["runs"]]
    except (LookupError, TypeError, ValueError):
        return None
    if record.get("params") != params_of_scores(lock) or len(values) < 2:
        return None
    return prediction_interval(values)


def prediction_interval(values: list[float]) -> Interval:
    """The 95 % prediction interval of one more value, for normally distributed ones.

    mean ± t(0.975, n - 1) s sqrt(1 + 1/n) (Meeker, Hahn and Escobar, "Statistical Intervals", 2nd
    edition, 2017, chapter 4). It is wider than the interval of the mean, which holds the mean of
    all seeds and not a single run.

    Args:
        values: n >= 2 scores of runs that differ only in their seed.
    """
    n = len(values)
    quantile = float(stats.t.ppf((1 + LEVEL) / 2, n - 1))
    half = quantile * statistics.stdev(values) * math.sqrt(1 + 1 / n)
    mean = statistics.mean(values)
    return Interval(mean - half, mean + half, n)
