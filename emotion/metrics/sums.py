"""Compute scores from sums over images, so that a bootstrap resample needs only its sums.

Accuracy, F1 and the calibration error of any set of images follow from the sums of one vector per
image: its cell of the confusion matrix, and its gap between confidence and correctness in the bin
of its confidence. All entries are whole numbers, so a sum is exact in any order of the images.
"""

import numpy as np

from emotion.metrics import scores

BINS = 15  # of the calibration error, as in `scores.reliability_bins`
UNIT = 10**6  # of a confidence; predictions are written with six decimals


def count_cells(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """The cell of each image in the confusion matrix, int64 (N, C * C), zeros and a one per row.

    Args:
        labels: int (N,), class indices in 0..C-1.
        predicted: int (N,), class indices in 0..C-1.
        classes: C, the number of classes.
    """
    cells = np.zeros((len(labels), classes * classes), dtype=np.int64)
    cells[np.arange(len(labels)), np.asarray(labels) * classes + np.asarray(predicted)] = 1
    return cells


def count_gaps(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Confidence - correctness of each image in its bin, int64 (N, BINS) in units of 1 / UNIT.

    Args:
        confidence: float (N,), probability of the predicted class, in 0..1.
        correct: bool (N,), whether the predicted class is the label.
    """
    bins = scores.bin_of(confidence, BINS)
    gaps = np.zeros((len(bins), BINS), dtype=np.int64)
    millionths = np.rint(np.asarray(confidence) * UNIT).astype(np.int64)
    gaps[np.arange(len(bins)), bins] = millionths - UNIT * np.asarray(correct, dtype=np.int64)
    return gaps


def confusions(cells: np.ndarray) -> np.ndarray:
    """Confusion matrices (..., C, C) from summed cells (..., C * C), of the same dtype."""
    classes = round(cells.shape[-1] ** 0.5)
    return np.asarray(cells.reshape(*cells.shape[:-1], classes, classes))


def accuracy_of(confusion: np.ndarray) -> np.ndarray:
    """Accuracy of confusion matrices (..., C, C): float64 (...) in 0..1, NaN without images."""
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(hits / confusion.sum(axis=(-2, -1)))


def class_f1_of(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class of confusion matrices (..., C, C), rows are the labels.

    Returns:
        float64 (..., C) in 0..1; NaN if a class is neither a label nor predicted.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * hits / (confusion.sum(axis=-1) + confusion.sum(axis=-2)))


def macro_f1_of(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that occur as a label, of confusion matrices (..., C, C).

    `scores.macro_f1` also counts classes that are predicted only. In a comparison these would
    depend on which model predicts them at all.

    Returns:
        float64 (...) in 0..1.
    """
    tested = confusion.sum(axis=-1) > 0
    class_f1 = np.where(tested, class_f1_of(confusion), 0)
    return np.asarray(class_f1.sum(axis=-1) / tested.sum(axis=-1))


def ece_of(gaps: np.ndarray, images: np.ndarray | int) -> np.ndarray:
    """Expected calibration error, as `scores.ece`, from summed gaps.

    Args:
        gaps: sums of `count_gaps`, whole numbers (..., BINS).
        images: number of images that were summed, (...) or one for all.

    Returns:
        float64 (...) in 0..1.
    """
    return np.asarray(np.abs(gaps).sum(axis=-1) / (UNIT * np.asarray(images)))
