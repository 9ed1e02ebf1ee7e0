"""Compute classification and calibration metrics: pure functions of NumPy arrays.

N is the number of rows, which are images, and C the number of classes, whose columns are in
label-map order. `labels` and `predicted` are class indices, int (N,) in 0..C-1, with N of at least
1. No metric depends on the order of the rows. A class without rows raises no error and is left out
of the means over classes.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special
from sklearn import metrics


@dataclass(frozen=True)
class ReliabilityBins:
    """Bins of the reliability diagram: arrays (bins,), with NaN means in empty bins."""

    upper: np.ndarray  # upper edges of the half-open bins (lower, upper]
    count: np.ndarray  # rows, int64
    confidence: np.ndarray  # mean probability of the predicted class, in 0..1
    accuracy: np.ndarray  # fraction of correct predictions, in 0..1


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, float64 (N, C) in 0..1, each row of sum 1, from logits, float (N, C)."""
    return np.asarray(special.softmax(np.asarray(logits, dtype=np.float64), axis=1))


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Fraction of the rows whose predicted class is the label, in 0..1.

    Args:
        labels: int (N,), class indices.
        predicted: int (N,), class indices.
    """
    return float(np.mean(np.asarray(labels) == np.asarray(predicted)))


def macro_f1(labels: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Mean F1 over the classes that occur as a label or as a prediction, in 0..1.

    Args:
        labels: int (N,), class indices.
        predicted: int (N,), class indices.
        classes: C, the number of classes.
    """
    return float(macro_f1_of(confusion_matrix(labels, predicted, classes)))


def balanced_accuracy(labels: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Mean recall over the classes that occur as a label, in 0..1.

    Brodersen et al., "The Balanced Accuracy and Its Posterior Distribution", 2010, for two classes.

    Args:
        labels: int (N,), class indices.
        predicted: int (N,), class indices.
        classes: C, the number of classes.
    """
    # sklearn.balanced_accuracy_score agrees, but warns about classes that are only predicted.
    confusion = confusion_matrix(labels, predicted, classes)
    support = confusion.sum(axis=1)
    return float(np.mean(np.diag(confusion)[support > 0] / support[support > 0]))


def majority_accuracy(labels: np.ndarray) -> float:
    """Accuracy of always predicting the most frequent label, the trivial baseline: in 1 / C..1.

    Args:
        labels: int (N,), class indices.
    """
    return float(np.bincount(labels).max() / len(labels))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts, int64 (C, C): rows are the labels, columns the predicted classes.

    Args:
        labels: int (N,), class indices.
        predicted: int (N,), class indices.
        classes: C, the number of classes.
    """
    return np.asarray(metrics.confusion_matrix(labels, predicted, labels=range(classes)))


def macro_f1_of(confusion: np.ndarray) -> np.ndarray:
    """Macro-F1 of confusion matrices, in 0..1.

    F1 of a class is 2 TP / (its row sum + its column sum). Classes where both sums are zero are
    left out of the mean, as scikit-learn does if `labels` is not given.

    Args:
        confusion: whole numbers (..., C, C), each matrix with at least one row.

    Returns:
        float64 (...).
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    seen = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = 2 * hits / np.maximum(seen, 1)
    return np.asarray(f1.sum(axis=-1) / (seen > 0).sum(axis=-1))


def per_class(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Scores of each class, 0 if the denominator is 0.

    Args:
        labels: int (N,), class indices.
        predicted: int (N,), class indices.
        classes: C, the number of classes.

    Returns:
        precision, recall, f1: float64 (C,) in 0..1; support: int64 (C,), rows with that label.
    """
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def nll(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood in nats, 0 or more; log C for equal probabilities.

    Args:
        logits: float (N, C).
        labels: int (N,), class indices.
    """
    return float(np.mean(losses(logits, labels)))


def losses(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each row in nats, float64 (N,), 0 or more.

    Computed from logits, so no probability underflows to zero.

    Args:
        logits: float (N, C).
        labels: int (N,), class indices.
    """
    logits = np.asarray(logits, dtype=np.float64)
    return special.logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Squared error of the probabilities, summed over classes and averaged over rows: 0 to 2.

    Brier, "Verification of forecasts expressed in terms of probability", 1950.

    Args:
        probabilities: float (N, C) in 0..1, each row of sum 1.
        labels: int (N,), class indices.
    """
    classes = range(probabilities.shape[1])
    return float(
        metrics.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False)
    )


def reliability_bins(
    confidence: np.ndarray, correct: np.ndarray, bins: int = 15
) -> ReliabilityBins:
    """Group rows by confidence into bins of equal width.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning",
    2015; for several classes Guo et al., 2017.

    Args:
        confidence: float (N,), probability of the predicted class, in (0, 1].
        correct: bool (N,), whether the predicted class is the label.
        bins: number of bins; Guo et al. and most later papers use 15.
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
    """Index of the bin (lower, upper] of each confidence, int64 (N,) in 0..bins-1.

    Args:
        confidence: float (N,) in 0..1; 0 is in the first bin.
        bins: number of bins of equal width.
    """
    edges = np.linspace(0, 1, bins + 1)
    return np.asarray(np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1))


def ece(bins: ReliabilityBins) -> float:
    """Expected calibration error: the bins' |accuracy - confidence|, weighted by their rows: 0..1.

    Naeini, Cooper and Hauskrecht, 2015; Guo et al., "On Calibration of Modern Neural Networks",
    2017, equation 3.
    """
    gaps = np.nan_to_num(np.abs(bins.accuracy - bins.confidence))
    return float(np.average(gaps, weights=bins.count))


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Error rate of the accepted rows, the most confident ones, as a function of their fraction.

    El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", 2010. Rows of
    equal confidence each get the mean error of their group, which is the average over all orders of
    the group. The curve therefore does not depend on the order of the rows.

    Args:
        confidence: float (N,); only its order matters.
        correct: bool (N,), whether the predicted class is the label.

    Returns:
        Coverage and risk, each float64 (N,) in 0..1: element k - 1 is for the k most confident
        rows.
    """
    _, tie, size = np.unique(-np.asarray(confidence), return_inverse=True, return_counts=True)
    wrong = np.bincount(tie, weights=1 - np.asarray(correct, dtype=np.float64)) / size
    accepted = np.arange(1, len(tie) + 1)
    return accepted / len(tie), np.cumsum(np.repeat(wrong, size)) / accepted


def aurc(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Area under the risk-coverage curve: mean risk over all coverages, in 0..1; lower is better.

    Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers",
    2019.

    Args:
        confidence: float (N,); only its order matters.
        correct: bool (N,), whether the predicted class is the label.
    """
    return float(np.mean(risk_coverage(confidence, correct)[1]))
