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
from emotion.training.trackers import log_scores
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params, read = settings_of(EvaluateParams, "evaluate"), reports.read_report
    time = read(paths.TRAIN_TIMING, reports.TrainingTime)
    rows = read(paths.SPLITS_REPORT, reports.SplitsReport).rows
    val, test = (paths.SPLITS / f"{name}.csv" for name in ("val", "test"))
    cache = settings_of(CacheParams, "train", partial=True)
    found = evaluate_checkpoint(paths.BEST_MODEL, val, test, params, cache)
    reports.write_report(paths.CALIBRATION, found.calibration)
    for name, split in (("val", found.val), ("test", found.test)):
        write_predictions(paths.PREDICTIONS / f"{name}.csv", split, found.calibration)
    write_predictions_for_git(paths.TEST_PREDICTIONS, found.test, found.calibration)
    report = write_outputs(paths.EVALUATION, found.test, found.val, found.model, params.bootstrap)
    files.write_json(paths.EVALUATE_METRICS, compute_metrics(report, rows, found.best_epoch))
    files.write_json(paths.TIMING_METRICS, timing_metrics(time))
    files.write_json(paths.MACHINE, time.machine)
    log_scores(paths.TRAIN_TIMING, vars(report.test), paths.BEST_MODEL)
    print(headline(report))


if __name__ == "__main__":
    run(main)
