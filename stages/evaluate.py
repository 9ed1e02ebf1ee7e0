"""Score the model on the held-out splits, and calibrate its probabilities on validation.

Reads   models/best_model.pth, data/splits/{val,test}.csv and their images
Writes  metrics/evaluate.json, models/calibration.json, data/predictions/, plots/evaluate/
"""

from emotion.core import files
from emotion.evaluation import figures
from emotion.evaluation.evaluator import EvaluateParams, evaluate
from emotion.evaluation.predictions import write_predictions
from emotion.evaluation.report import headline
from emotion.evaluation.slices import write_slices
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(EvaluateParams, "evaluate")
    result = evaluate(paths.BEST_MODEL, paths.SPLITS / "val.csv", paths.SPLITS / "test.csv", params)
    temperature = result.calibration["temperature"]

    files.write_json(paths.CALIBRATION, result.calibration)
    write_predictions(paths.PREDICTIONS / "val.csv", result.val, temperature)
    write_predictions(paths.PREDICTIONS / "test.csv", result.test, temperature)
    write_slices(paths.EVALUATE_PLOTS / "slices.csv", result.slices)
    figures.draw_figures(paths.EVALUATE_PLOTS, result.test, temperature, result.slices)
    files.write_json(paths.EVALUATE_METRICS, result.report)
    print(headline(result.report))


if __name__ == "__main__":
    run(main)
