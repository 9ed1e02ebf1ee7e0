"""Classification and calibration metrics: pure functions of arrays, for training and evaluation.

Rows are images and columns are classes in label-map order. No metric depends on the order of the
rows. A class without rows raises no error and is left out of the means over classes.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special
from sklearn import metrics as sklearn_metrics


@dataclass(frozen=True)
class ReliabilityBins:
    """Bins of the reliability diagram; arrays of shape (bins,), with NaN means in empty bins."""

    upper: np.ndarray  # upper edges of the half-open bins (lower, upper]
    count: np.ndarray  # rows
    confidence: np.ndarray  # mean probability of the predicted class
    accuracy: np.ndarray  # share of correct predictions


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of shape (N, C), float64, from logits of shape (N, C)."""
    return np.asarray(special.softmax(np.asarray(logits, dtype=np.float64), axis=1))


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
    """Accuracy of always predicting the most frequent label: the trivial baseline."""
    return float(np.bincount(labels).max() / len(labels))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts of shape (C, C): rows are the labels, columns the predicted classes."""
    return np.asarray(sklearn_metrics.confusion_matrix(labels, predicted, labels=range(classes)))


def macro_f1_of(confusion: np.ndarray) -> np.ndarray:
    """Macro-F1 of confusion matrices of shape (..., C, C); the result has shape (...).

    F1 of a class is 2 TP / (its row sum + its column sum). Classes where both sums are zero are
    left out of the mean, as scikit-learn does if `labels` is not given.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    seen = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = 2 * hits / np.maximum(seen, 1)
    return np.asarray(f1.sum(axis=-1) / (seen > 0).sum(axis=-1))


def per_class(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Precision, recall, F1 and support, each of shape (C,); 0 where the denominator is 0."""
    precision, recall, f1, support = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def nll(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood in nats; from logits, so no probability underflows to zero."""
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
        bins: number of bins; the paper and most later ones use 15.
    """
    index = bin_of(confidence, bins)
    count = np.bincount(index, minlength=bins)
    rows = np.where(count > 0, count, np.nan)
    return ReliabilityBins(
        upper=np.linspace(0, 1, bins + 1)[1:],
        count=count,
        confidence=np.bincount(index, weights=confidence, minlength=bins) / rows,
        accuracy=np.bincount(index, weights=correct, minlength=bins) / rows,
    )


def bin_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Index of each confidence's bin (lower, upper], shape (N,)."""
    edges = np.linspace(0, 1, bins + 1)
    return np.asarray(np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1))


def ece(bins: ReliabilityBins) -> float:
    """Expected calibration error: the bins' |accuracy - confidence|, weighted by their rows.

    Guo et al., "On Calibration of Modern Neural Networks", 2017, equation 3.
    """
    gaps = np.nan_to_num(np.abs(bins.accuracy - bins.confidence))
    return float(np.average(gaps, weights=bins.count))


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Error rate of the most confident rows as a function of the share that is accepted.

    Rows of equal confidence each get the mean error of their group, which is the average over all
    orders of the group. The curve therefore does not depend on the order of the rows.

    Returns:
        Coverage and risk, each of shape (N,): element k - 1 is for the k most confident rows.
    """
    _, tie, size = np.unique(-np.asarray(confidence), return_inverse=True, return_counts=True)
    wrong = np.bincount(tie, weights=1 - np.asarray(correct, dtype=np.float64)) / size
    accepted = np.arange(1, len(tie) + 1)
    return accepted / len(tie), np.cumsum(np.repeat(wrong, size)) / accepted


def aurc(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Area under the risk-coverage curve: mean risk over all coverages; lower is better.

    Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers",
    2019.
    """
    return float(np.mean(risk_coverage(confidence, correct)[1]))
