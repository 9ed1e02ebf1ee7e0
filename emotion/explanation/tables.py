"""The tables of the stage: the scores of each map, and the images of the panels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emotion.explanation.scoring import MethodScores
from emotion.explanation.task import ExplainTask

_SCORES = ("deletion", "insertion", "road", "mass", "pointing", "area")
_DECIMALS = 4


def score_table(task: ExplainTask, scores: Mapping[str, MethodScores]) -> pd.DataFrame:
    """One row per method and image, in the order of `scores` and of the task.

    Returns:
        Columns `path` (and `face`), `label`, `predicted`, `method`, and the scores of
        `MethodScores`.
    """
    tables = []
    for name, found in scores.items():
        columns = [name for name in ("path", "face", "label") if name in task.rows]
        table = task.rows[columns].head(found.count)
        table = table.assign(predicted=task.predicted[: found.count], method=name)
        values = {score: np.round(getattr(found, score), _DECIMALS) for score in _SCORES}
        tables.append(table.assign(**values))
    return pd.concat(tables, ignore_index=True)


def panel_table(task: ExplainTask, panels: Mapping[str, int]) -> pd.DataFrame:
    """One row per panel.

    Args:
        task: the model and the images.
        panels: file name to index of its image, from `draw_figures`.

    Returns:
        Columns `panel`, `path`, `sha256`, `label`, `predicted`, `confidence`.
    """
    indices = list(panels.values())
    rows = task.rows.iloc[indices]
    predicted, confidences = task.predicted, task.endpoints.original.tolist()
    return pd.DataFrame(
        {
            "panel": list(panels),
            "path": rows["path"].tolist(),
            "sha256": rows["sha256"].tolist(),
            "label": rows["label"].tolist(),
            "predicted": [predicted[index] for index in indices],
            "confidence": [round(confidences[index], _DECIMALS) for index in indices],
        }
    )
