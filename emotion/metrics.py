"""What a prediction is worth: pure functions of arrays, shared by training and evaluation.

Rows are images and columns are classes in label-map order. Every mean is independent of the order
of the rows, and a class that a small split lacks neither crashes nor counts.
"""

from typing import NamedTuple

import numpy as np
from scipy import special
from sklearn import metrics as sklearn_metrics


class ReliabilityBins(NamedTuple):
    """What the reliability figure shows; arrays of shape (bins,), means are NaN in an empty bin."""

    upper: np.ndarray  # upper edges of the half-open bins (lower, upper]
    count: np.ndarray  # rows
    confidence: np.ndarray  # mean probability of the predicted class
    accuracy: np.ndarray  # share of right predictions


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of shape (N, C), float64, from logits of shape (N, C)."""
    return special.softmax(np.asarray(logits, dtype=np.float64), axis=1)


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Share of rows whose predicted class is the label."""
    return float(np.mean(np.asarray(labels) == np.asarray(predicted)))


def macro_f1(labels: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Mean F1 over the classes that occur as a label or as a prediction."""
    return float(macro_f1_of(confusion_matrix(labels, predicted, classes)))


def balanced_accuracy(labels: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Mean recall over the classes that occur as a label."""
    # sklearn.balanced_accuracy_score agrees, but warns about classes that are only predicted.
    confusion = confusion_matrix(labels, predicted, classes)
    support = confusion.sum(axis=1)
    return float(np.mean(np.diag(confusion)[support > 0] / support[support > 0]))


def majority_accuracy(labels: np.ndarray) -> float:
    """Accuracy of always answering the commonest label: what a useless model reaches."""
    return float(np.bincount(labels).max() / len(labels))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts of shape (C, C): rows are the labels, columns the predicted classes."""
    return sklearn_metrics.confusion_matrix(labels, predicted, labels=range(classes))


def macro_f1_of(confusion: np.ndarray) -> np.ndarray:
    """Macro-F1 of confusion matrices of shape (..., C, C); the result has shape (...).

    F1 of a class is 2 TP / (its row sum + its column sum). Classes where both sums are zero are
    left out of the mean, as scikit-learn does when it is not told the classes.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    seen = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return (2 * hits / np.maximum(seen, 1)).sum(axis=-1) / (seen > 0).sum(axis=-1)


def per_class(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Precision, recall, F1 and support, each of shape (C,); 0 where the division has no rows."""
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def nll(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood in nats, from logits: no probability is ever rounded to zero."""
    logits = np.asarray(logits, dtype=np.float64)
    return float(
        np.mean(special.logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels])
    )


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Squared error of the probabilities, summed over classes and averaged over rows: 0 to 2.

    Brier, "Verification of forecasts expressed in terms of probability", 1950.
    """
    return float(
        sklearn_metrics.brier_score_loss(
            labels, probabilities, labels=range(probabilities.shape[1]), scale_by_half=False
        )
    )


def reliability_bins(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15
) -> ReliabilityBins:
    """Group rows by confidence into bins of equal width (Guo et al., 2017).

    Args:
        confidence: shape (N,), probability of the predicted class, in (0, 1].
        correct: shape (N,), whether the predicted class is the label.
        bins: 15 is the number that the paper and most later ones report.
    """
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(index, minlength=bins)
    rows = np.where(count > 0, count, np.nan)
    return ReliabilityBins(
        upper=edges[1:],
        count=count,
        confidence=np.bincount(index, weights=confidence, minlength=bins) / rows,
        accuracy=np.bincount(index, weights=correct, minlength=bins) / rows,
    )


def ece(bins: ReliabilityBins) -> float:
    """Expected calibration error: the bins' |accuracy - confidence|, weighted by their rows.

    Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """
    gaps = np.nan_to_num(np.abs(bins.accuracy - bins.confidence))
    return float(np.average(gaps, weights=bins.count))


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Error rate among the most confident rows, as a function of the share that is answered.

    Rows of equal confidence share their errors evenly, which is the mean over all their orders, so
    the curve does not depend on the order of the rows.

    Returns:
        Coverage and risk, each of shape (N,): element k - 1 is for the k most confident rows.
    """
    _, tie, size = np.unique(-np.asarray(confidence), return_inverse=True, return_counts=True)
    wrong = np.bincount(tie, weights=1 - np.asarray(correct, dtype=np.float64)) / size
    answered = np.arange(1, len(tie) + 1)
    return answered / len(tie), np.cumsum(np.repeat(wrong, size)) / answered


def aurc(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Area under the risk-coverage curve: mean risk over all coverages; lower is better.

    Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers",
    2019.
    """
    return float(np.mean(risk_coverage(confidence, correct)[1]))
