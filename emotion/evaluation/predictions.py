"""Hold the predictions for one split, from which the whole report is computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.reports import Calibration
from emotion.data.labels import class_indices
from emotion.data.manifest import image_columns
from emotion.metrics import scores

DECIMALS = 5  # of the logits; further ones differ between machines and thread counts
CONFIDENCE_DECIMALS = 6
GIT_DECIMALS = 4  # of the probabilities in Git
MOST_GIT_ROWS = 20_000  # about 2 MB with six classes, in every commit with another model


@dataclass(frozen=True)
class SplitPredictions:
    """Logits of shape (N, C) for the N rows of a manifest; columns in the order of class_names."""

    rows: pd.DataFrame
    logits: np.ndarray  # float64, rounded to DECIMALS
    class_names: Sequence[str]

    @classmethod
    def from_network(
        cls, rows: pd.DataFrame, logits: np.ndarray, class_names: Sequence[str]
    ) -> Self:
        """Round the logits of a network, so the CSV holds exactly what the report is computed from.

        Args:
            rows: of the manifest.
            logits: float (N, C), of any precision.
            class_names: in the order of the logits.
        """
        assert logits.shape == (len(rows), len(class_names))
        return cls(rows, np.round(logits.astype(np.float64), DECIMALS), class_names)

    @cached_property
    def labels(self) -> np.ndarray:
        """Class indices, int64 (N,)."""
        return class_indices(self.rows["label"], self.class_names)

    @cached_property
    def predicted(self) -> np.ndarray:
        """Class indices, int64 (N,); a temperature does not change them."""
        return np.asarray(self.logits.argmax(axis=1))

    @property
    def predicted_names(self) -> np.ndarray:
        """Names of the predicted classes, (N,)."""
        return np.asarray(self.class_names)[self.predicted]

    @cached_property
    def correct(self) -> np.ndarray:
        """Whether the predicted class is the label, bool (N,)."""
        return np.asarray(self.predicted == self.labels)

    def probabilities(self, temperature: float) -> np.ndarray:
        """Calibrated probabilities, float64 (N, C) in 0..1."""
        return scores.softmax(self.logits / temperature)

    def confidence(self, temperature: float) -> np.ndarray:
        """Probability of the predicted class, float64 (N,) in 0..1, rounded as in the CSV."""
        highest = self.probabilities(temperature).max(axis=1)
        return np.asarray(np.round(highest, CONFIDENCE_DECIMALS))


def check_rows(rows: pd.DataFrame, class_names: Sequence[str], where: Path) -> None:
    """Reject a split that cannot be scored.

    Args:
        rows: of the manifest.
        class_names: of the model.
        where: the file of the split, named in errors.

    Raises:
        UserError: labels that the model was not trained on.
    """
    if unknown := sorted(set(rows["label"]) - set(class_names)):
        problem = f"has the classes {', '.join(unknown)}, but the model {', '.join(class_names)}"
        raise UserError(problem, "run `dvc repro train`", file=where)


def write_predictions(path: Path, predictions: SplitPredictions, calibration: Calibration) -> None:
    """Write one row per image, with everything that a paired comparison of two models needs.

    The columns are path and, where faces are detected, those of the face; sha256 (of the pixels),
    group, label, predicted, confidence (calibrated), uncertain (where the calibration has a
    threshold), and the uncalibrated logits.
    """
    confidence = predictions.confidence(calibration.temperature)
    columns = [*image_columns(predictions.rows), "sha256", "group", "label"]
    table = predictions.rows[columns].assign(
        predicted=predictions.predicted_names, confidence=confidence
    )
    if calibration.threshold is not None:
        table["uncertain"] = confidence < calibration.threshold
    for column, name in enumerate(predictions.class_names):
        table[f"logit_{name}"] = predictions.logits[:, column]
    files.write_csv(path, table)


def write_predictions_for_git(
    path: Path, predictions: SplitPredictions, calibration: Calibration
) -> None:
    """Write what a comparison of two models needs, so that it needs no cache: one row per image.

    The columns are sha256 (of the pixels) and, where faces are detected, image_sha256 and face;
    group (a number, in the order of the first rows), label, predicted, and probability_<class>
    (calibrated, with GIT_DECIMALS). A path or the name of a
    group could name a person, so neither is written. The rows have the order of
    `write_predictions`; for more than MOST_GIT_ROWS, only the header is written.
    """
    rows, names = predictions.rows, predictions.class_names
    exact = predictions.probabilities(calibration.temperature)
    # Rounded twice: rounding the confidence of `write_predictions` then gives the same number.
    rounded = np.round(np.round(exact, CONFIDENCE_DECIMALS), GIT_DECIMALS)
    table = pd.DataFrame(
        {
            "sha256": rows["sha256"],
            **{name: rows[name] for name in ("image_sha256", "face") if name in rows},
            "group": pd.factorize(rows["group"])[0],
            "label": rows["label"],
            "predicted": predictions.predicted_names,  # rounding can make the highest two equal
            **{f"probability_{name}": rounded[:, column] for column, name in enumerate(names)},
        }
    )
    files.write_csv(path, table if len(table) <= MOST_GIT_ROWS else table[:0])
