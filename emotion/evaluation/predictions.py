"""One split's predictions: the table that everything else in the report is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from emotion import metrics
from emotion.core import files
from emotion.core.errors import UserError

DECIMALS = 5  # of the logits: below this, machines and thread counts differ


@dataclass(frozen=True)
class Predictions:
    """Logits of shape (N, C) for the N rows of a manifest; columns in the order of class_names."""

    rows: pd.DataFrame
    logits: np.ndarray
    class_names: Sequence[str]

    def __post_init__(self) -> None:
        assert self.logits.shape == (len(self.rows), len(self.class_names))
        # Rounded once, here, so that the CSV holds exactly what the report was computed from.
        object.__setattr__(self, "logits", np.round(self.logits.astype(np.float64), DECIMALS))

    @cached_property
    def labels(self) -> np.ndarray:
        """Class indices of shape (N,)."""
        index = {name: number for number, name in enumerate(self.class_names)}
        return self.rows["label"].map(index).to_numpy()

    @cached_property
    def predicted(self) -> np.ndarray:
        """Class indices of shape (N,); no temperature changes them."""
        return self.logits.argmax(axis=1)

    @cached_property
    def correct(self) -> np.ndarray:
        """Whether the predicted class is the label, shape (N,)."""
        return self.predicted == self.labels

    def confidence(self, temperature: float) -> np.ndarray:
        """Probability of the predicted class, shape (N,)."""
        return metrics.softmax(self.logits / temperature).max(axis=1)


def check_rows(rows: pd.DataFrame, class_names: Sequence[str], where: Path) -> None:
    """Refuse a split that cannot be scored.

    Raises:
        UserError: no rows, or labels that the model was not trained on.
    """
    if rows.empty:
        raise UserError(f"{where} has no rows; give the split a share and run `dvc repro`.")
    unknown = sorted(set(rows["label"]) - set(class_names))
    if unknown:
        raise UserError(
            f"{where} has the class(es) {', '.join(unknown)}, which the model was not trained on "
            f"(it knows {', '.join(class_names)}); run `dvc repro train`."
        )


def write_predictions(path: Path, predictions: Predictions, temperature: float) -> None:
    """Write path, label, predicted, confidence and the logits, an image a line.

    The confidence is calibrated; the logits are as the model gives them.
    """
    names = np.asarray(predictions.class_names)
    table = pd.DataFrame(
        {
            "path": predictions.rows["path"].to_numpy(),
            "label": predictions.rows["label"].to_numpy(),
            "predicted": names[predictions.predicted],
            "confidence": np.round(predictions.confidence(temperature), 6),
        }
    )
    for column, name in enumerate(predictions.class_names):
        table[f"logit_{name}"] = predictions.logits[:, column]
    with files.replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
