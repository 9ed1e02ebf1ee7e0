"""Write the report on a split with all of its tables and figures, for any model and dataset."""

from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.reports import EvaluationReport, write_report
from emotion.evaluation.figures import draw_figures, write_confusion_table
from emotion.evaluation.label_noise import find_label_noise
from emotion.evaluation.mistakes import list_mistakes, rank_confusions
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.report import ModelFacts, build_report
from emotion.evaluation.sheets import draw_label_noise, draw_mistakes
from emotion.evaluation.slice_gaps import compute_gaps
from emotion.evaluation.slices import score_slices


def write_outputs(
    folder: Path,
    test: SplitPredictions,
    val: SplitPredictions | None,
    model: ModelFacts,
    resamples: int,
    final: Path | None = None,
) -> EvaluationReport:
    """Write `folder`/report.json, `folder`/tables/ and `folder`/figures/.

    Args:
        folder: to write into.
        test: predictions to report on.
        val: of the split that selected the epoch and the temperature, if there is one.
        model: facts of the model.
        resamples: bootstrap resamples for the intervals.
        final: where `folder` will be moved to: tables name images in it by that path.

    Returns:
        The content of report.json.
    """
    gaps = compute_gaps(test)
    tables = {
        "slices": score_slices(test, resamples),
        "mistakes": list_mistakes(test, model.temperature),
        "confusions": rank_confusions(test),
        "label_noise": find_label_noise([val, test] if val else [test], model.temperature),
    }
    write_confusion_table(folder / "tables" / "confusion.csv", test)
    for name, table in tables.items():
        table = name_final_paths(table, folder, final)
        files.write_csv(folder / "tables" / f"{name}.csv", table, for_people=True)
    figures = folder / "figures"
    draw_figures(figures, test, model.temperature, tables["slices"], gaps)
    draw_mistakes(figures / "mistakes.png", tables["mistakes"])
    draw_label_noise(figures / "label_noise.png", tables["label_noise"])
    report = build_report(test, val, model, gaps, resamples)
    write_report(folder / "report.json", report)
    return report


def name_final_paths(table: pd.DataFrame, folder: Path, final: Path | None) -> pd.DataFrame:
    """The table with paths in `folder` as they will be when it is moved to `final`."""
    if final is None or "path" not in table:
        return table
    paths, start = table["path"].astype(str), f"{folder.as_posix()}/"
    moved = f"{final.as_posix()}/" + paths.str.removeprefix(start)
    return table.assign(path=moved.where(paths.str.startswith(start), paths))
