"""Score the model on the held-out splits, and calibrate its probabilities on validation.

Reads   models/best_model.pth, data/splits/{val,test}.csv and their images
Writes  metrics/evaluate.json, models/calibration.json, data/predictions/, plots/evaluate/
"""

from emotion.core import files
from emotion.core.reports import write_report
from emotion.data.cache import CacheParams
from emotion.evaluation import figures
from emotion.evaluation.evaluator import EvaluateParams, evaluate
from emotion.evaluation.predictions import write_predictions
from emotion.evaluation.report import headline
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    result = evaluate(
        checkpoint_file=paths.BEST_MODEL,
        val_file=paths.SPLITS / "val.csv",
        test_file=paths.SPLITS / "test.csv",
        params=settings_of(EvaluateParams, "evaluate"),
        cache=settings_of(CacheParams, "train", partial=True),
    )
    temperature = result.calibration.temperature

    write_report(paths.CALIBRATION, result.calibration)
    write_predictions(paths.PREDICTIONS / "val.csv", result.val, temperature)
    write_predictions(paths.PREDICTIONS / "test.csv", result.test, temperature)
    files.write_csv(paths.EVALUATE_PLOTS / "slices.csv", result.slices)
    figures.draw_figures(paths.EVALUATE_PLOTS, result.test, temperature, result.slices)
    write_report(paths.EVALUATE_METRICS, result.report)
    print(headline(result.report))


if __name__ == "__main__":
    run(main)
