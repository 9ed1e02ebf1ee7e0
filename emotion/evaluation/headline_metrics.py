"""The few numbers that `dvc metrics diff` compares; the report has all others.

DVC prints one column per number, sorted by name, so 15 numbers fit into 160 columns only if their
names are short. All are of the test split, but `val_f1`, `epoch` and the rows of each split.
"""

from emotion.core.reports import Counts, EvaluationReport, TrainingTime

Metrics = dict[str, float]
DECIMALS = 3


def compute_metrics(report: EvaluationReport, rows: Counts, best_epoch: int) -> Metrics:
    """Content of metrics/evaluate.json, without the numbers that are undefined.

    Args:
        report: of the test split.
        rows: of each split.
        best_epoch: that was kept, from 1.
    """
    test = report.test
    numbers = {
        "acc": test.accuracy,
        "ece": test.ece,
        "epoch": best_epoch,
        "f1": test.macro_f1,
        "f1_high": test.macro_f1_high,
        "f1_low": test.macro_f1_low,
        "f1_min": min((s.f1 for s in report.per_class.values() if s.support), default=None),
        "gap": max((gap.gap for gap in report.slices.values()), default=None),
        "n_test": rows["test"],
        "n_train": rows["train"],
        "n_val": rows["val"],
        "val_f1": report.val.macro_f1 if report.val else None,
    }
    return {name: round(number, DECIMALS) for name, number in numbers.items() if number is not None}


def timing_metrics(time: TrainingTime) -> Metrics:
    """Content of metrics/timing.json: training images per second, and minutes of training."""
    return {
        "img_s": round(time.images_per_second, 1),
        "minutes": round(time.total_seconds / 60, 2),
    }
