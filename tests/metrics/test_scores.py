"""The metrics agree with values computed by hand and with scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from emotion.metrics import scores

LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 2, 2])


@pytest.fixture
def noisy():
    """Logits (300, 4) that predict the labels with many errors."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 300)
    return np.eye(4)[labels] * 2 + random.normal(0, 1.5, (300, 4)), labels


def test_scores_agree_with_values_computed_by_hand():
    assert scores.accuracy(LABELS, PREDICTED) == pytest.approx(4 / 6)
    # F1: 2*2/(3+2), 2*1/(2+2), 2*1/(1+2); recall: 2/3, 1/2, 1
    assert scores.macro_f1(LABELS, PREDICTED, 3) == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)
    assert scores.balanced_accuracy(LABELS, PREDICTED, 3) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert scores.majority_accuracy(LABELS) == pytest.approx(0.5)
    confusion = scores.confusion_matrix(LABELS, PREDICTED, 3)
    assert confusion.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]


def test_scores_agree_with_scikit_learn(noisy):
    logits, labels = noisy
    predicted = logits.argmax(axis=1)
    macro_f1 = reference.f1_score(labels, predicted, average="macro")
    assert scores.macro_f1(labels, predicted, 4) == pytest.approx(macro_f1)
    balanced = reference.balanced_accuracy_score(labels, predicted)
    assert scores.balanced_accuracy(labels, predicted, 4) == pytest.approx(balanced)
    log_loss = reference.log_loss(labels, scores.softmax(logits))
    assert scores.nll(logits, labels) == pytest.approx(log_loss)


def test_a_class_without_rows_is_left_out_of_the_mean():
    labels, predicted = np.array([0, 0, 2]), np.array([0, 2, 2])
    assert scores.macro_f1(labels, predicted, 5) == pytest.approx(2 / 3)
    assert scores.balanced_accuracy(labels, predicted, 5) == pytest.approx((0.5 + 1) / 2)
    per_class = scores.per_class(labels, predicted, 5)
    assert per_class["support"].tolist() == [2, 0, 1, 0, 0]
    assert per_class["f1"].tolist() == pytest.approx([2 / 3, 0, 2 / 3, 0, 0])
    assert scores.brier(np.full((3, 5), 0.2), labels) == pytest.approx(0.8**2 + 4 * 0.2**2)


def test_a_class_that_is_only_predicted_lowers_macro_f1():
    assert scores.macro_f1(np.array([0, 0]), np.array([0, 1]), 3) == pytest.approx((2 / 3 + 0) / 2)


def test_per_class_scores_agree_with_values_computed_by_hand():
    per_class = scores.per_class(LABELS, PREDICTED, 3)
    assert per_class["precision"].tolist() == pytest.approx([1, 1 / 2, 1 / 2])
    assert per_class["recall"].tolist() == pytest.approx([2 / 3, 1 / 2, 1])
    assert per_class["f1"].tolist() == pytest.approx([4 / 5, 1 / 2, 2 / 3])
    assert per_class["support"].tolist() == [3, 2, 1]


def test_softmax_of_large_logits_is_finite_and_sums_to_one():
    probabilities = scores.softmax(np.array([[1000, 0, -1000], [0, 0, 0]], dtype=np.float32))
    assert probabilities[0].tolist() == pytest.approx([1, 0, 0])
    assert probabilities[1].tolist() == pytest.approx([1 / 3] * 3)


def test_nll_of_a_confident_error_is_its_margin_and_not_infinite():
    assert scores.nll(np.array([[5000.0, 0.0]]), np.array([1])) == pytest.approx(5000)


def test_brier_sums_over_classes_and_averages_over_rows():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    by_hand = ((0.3**2 + 0.2**2 + 0.1**2) + (1 + 0 + 1)) / 2
    assert scores.brier(probabilities, np.array([0, 1])) == pytest.approx(by_hand)
    two_classes = scores.brier(np.array([[0.4, 0.6]]), np.array([0]))
    assert two_classes == pytest.approx(2 * 0.6**2)  # not halved


def test_ece_agrees_with_the_weighted_gap_computed_by_hand():
    # 4 bins: (0.25, 0.5] holds 0.3 and 0.5, accuracy 1/2; (0.75, 1] holds 0.9 and 1.0, accuracy 1
    bins = scores.reliability_bins(np.array([0.3, 0.5, 0.9, 1.0]), np.array([1, 0, 1, 1]), bins=4)
    assert bins.count.tolist() == [0, 2, 0, 2]
    assert bins.upper.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert bins.accuracy[[1, 3]].tolist() == [0.5, 1]
    assert bins.confidence[[1, 3]].tolist() == pytest.approx([0.4, 0.95])
    assert np.isnan(bins.accuracy[0])
    assert scores.ece(bins) == pytest.approx(0.5 * 0.1 + 0.5 * 0.05)


def test_an_edge_belongs_to_the_bin_below_and_zero_to_the_first():
    confidence = np.array([0, 1e-9, 0.25, 0.2501, 0.5, 0.75, 1.0])
    assert scores.bin_of(confidence, 4).tolist() == [0, 0, 0, 1, 1, 2, 3]
    assert scores.bin_of(np.linspace(0, 1, 16)[1:], 15).tolist() == list(range(15))


def test_ece_agrees_with_a_plain_loop(noisy):
    logits, labels = noisy
    probabilities = scores.softmax(logits)
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for k in range(15):
        inside = (confidence > k / 15) & (confidence <= (k + 1) / 15)
        if inside.any():
            gap = abs(correct[inside].mean() - confidence[inside].mean())
            expected += inside.mean() * gap
    assert scores.ece(scores.reliability_bins(confidence, correct)) == pytest.approx(expected)


def test_risk_coverage_is_in_order_of_confidence():
    rows = np.array([0.5, 0.9, 0.7, 0.6]), np.array([0, 1, 1, 0])
    coverage, risk = scores.risk_coverage(*rows)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert scores.aurc(*rows) == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidence_makes_risk_the_error_rate_in_any_order():
    for correct in ([1, 0, 1, 1], [1, 1, 1, 0]):
        _, risk = scores.risk_coverage(np.full(4, 0.8), np.array(correct))
        assert risk.tolist() == pytest.approx([0.25] * 4)
