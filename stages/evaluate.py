"""Score the model on the held-out splits, and calibrate its probabilities on validation.

Reads   models/best_model.pth, data/splits/{val,test}.csv and their images; for the metrics also
        plots/prepare_splits/report.json, metrics/train_timing.json
Writes  models/calibration.json, data/predictions/, plots/evaluate/, metrics/ (also of training)
"""

from emotion.core import files, reports
from emotion.data.cache import CacheParams
from emotion.evaluation.evaluator import evaluate_checkpoint
from emotion.evaluation.outputs import write_outputs
from emotion.evaluation.params import EvaluateParams
from emotion.evaluation.predictions import write_predictions, write_predictions_for_git
from emotion.evaluation.summary import compute_metrics, headline, timing_metrics
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params, read = settings_of(EvaluateParams, "evaluate"), reports.read_report
    time = read(paths.TRAIN_TIMING, reports.TrainingTime)
    rows = read(paths.SPLITS_REPORT, reports.SplitsReport).rows
    val, test = (paths.SPLITS / f"{name}.csv" for name in ("val", "test"))
    cache = settings_of(CacheParams, "train", partial=True)
    result = evaluate_checkpoint(paths.BEST_MODEL, val, test, params, cache)
    reports.write_report(paths.CALIBRATION, result.calibration)
    for name, split in (("val", result.val), ("test", result.test)):
        write_predictions(paths.PREDICTIONS / f"{name}.csv", split, result.calibration)
    write_predictions_for_git(paths.TEST_PREDICTIONS, result.test, result.calibration)
    report = write_outputs(
        paths.EVALUATION, result.test, result.val, result.model, params.bootstrap
    )
    files.write_json(paths.EVALUATE_METRICS, compute_metrics(report, rows, result.best_epoch))
    files.write_json(paths.TIMING_METRICS, timing_metrics(time))
    files.write_json(paths.MACHINE, time.machine)
    print(headline(report))


if __name__ == "__main__":
    run(main)
