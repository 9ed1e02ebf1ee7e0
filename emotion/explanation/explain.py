"""Explain a checkpoint on test images: attribution maps, their scores, and the figures."""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.explanation_report import ExplanationReport
from emotion.explanation.figures import draw_figures
from emotion.explanation.params import ExplainParams
from emotion.explanation.report import build_report
from emotion.explanation.scoring import score_baselines, score_methods
from emotion.explanation.tables import panel_table, score_table
from emotion.explanation.task import prepare_task
from emotion.models.checkpoint import Checkpoint


def explain_checkpoint(
    checkpoint: Checkpoint, rows: pd.DataFrame, params: ExplainParams, figures: Path
) -> tuple[ExplanationReport, pd.DataFrame, pd.DataFrame]:
    """Explain the predicted classes of test images, score the methods, and draw the maps.

    A method that cannot explain this architecture is left out with a note.

    Args:
        checkpoint: the model.
        rows: the test split.
        params: which methods, how many images, how many samples.
        figures: the folder of the figures; those of an earlier run are removed.

    Returns:
        The report; a table of scores, one row per image and method; and a table of the panels, one
        row per probe image.

    Raises:
        UserError: no method applies, a setting does not fit the model, or an image or a mask cannot
            be used.
    """
    task = prepare_task(checkpoint, rows, params)
    scores, left_out = score_methods(task, params.methods)
    if not scores:
        raise UserError(
            f"none of explain.methods ({', '.join(params.methods)}) applies to "
            f"{checkpoint.model_type}",
            "add shap_values or lime_superpixels, which apply to every network",
            key="explain.methods",
        )
    baselines = score_baselines(task)
    report = build_report(task, scores, baselines, left_out)
    panels = draw_figures(figures, task, scores, report)
    return report, score_table(task, scores | baselines), panel_table(task, panels)
