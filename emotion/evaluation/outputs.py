"""Write the report on a split with all of its tables and figures, for any model and corpus."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.reports import EvaluationReport, write_report
from emotion.evaluation.figures import draw_figures, write_confusion_table
from emotion.evaluation.label_noise import find_label_noise
from emotion.evaluation.mistakes import list_mistakes, rank_confusions
from emotion.evaluation.predictions import Predictions
from emotion.evaluation.report import build_report
from emotion.evaluation.sheets import draw_label_noise, draw_mistakes
from emotion.evaluation.slice_gaps import compute_gaps
from emotion.evaluation.slices import score_slices


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What a report says of the model."""

    model_type: str  # of the checkpoint, or the model's file
    weights: str  # what training started from: pretrained, random, file, or "" where unknown
    temperature: float
    threshold: float | None  # None if the model answers every image


def write_outputs(
    folder: Path,
    test: Predictions,
    val: Predictions | None,
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
    tables, figures, temperature = folder / "tables", folder / "figures", model.temperature
    slices = score_slices(test, resamples)
    gaps = compute_gaps(test)
    report = build_report(
        test,
        val=val,
        temperature=temperature,
        threshold=model.threshold,
        slices=gaps,
        resamples=resamples,
        model_type=model.model_type,
        weights=model.weights,
    )
    mistakes = list_mistakes(test, temperature)
    noise = find_label_noise([split for split in (val, test) if split], temperature)

    write_confusion_table(tables / "confusion.csv", test)
    for name, table in (
        ("slices", slices),
        ("mistakes", mistakes),
        ("confusions", rank_confusions(test)),
        ("label_noise", noise),
    ):
        table = name_final_paths(table, folder, final)
        files.write_csv(tables / f"{name}.csv", table, for_people=True)
    draw_figures(figures, test, temperature, slices, gaps)
    draw_mistakes(figures / "mistakes.png", mistakes)
    draw_label_noise(figures / "label_noise.png", noise)
    write_report(folder / "report.json", report)
    return report


def name_final_paths(table: pd.DataFrame, folder: Path, final: Path | None) -> pd.DataFrame:
    """The table with paths in `folder` as they will be when it is moved to `final`."""
    if final is None or "path" not in table:
        return table
    start = f"{folder.as_posix()}/"
    paths = table["path"].map(
        lambda path: (
            f"{final.as_posix()}/{path.removeprefix(start)}" if path.startswith(start) else path
        )
    )
    return table.assign(path=paths)
