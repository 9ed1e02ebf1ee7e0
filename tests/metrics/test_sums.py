"""Scores computed from sums agree with scores computed from the images."""

import numpy as np
import pytest
from sklearn import metrics as reference

from benchmarks.simulated_predictions import simulate
from emotion.metrics import scores, sums

CLASSES = 6


@pytest.fixture
def predictions():
    return simulate(np.random.default_rng(0), groups=50, images_per_group=8)


def test_summed_cells_are_the_confusion_matrix_of_scikit_learn(predictions):
    cells = sums.count_cells(predictions.labels, predictions.predicted, CLASSES)
    expected = reference.confusion_matrix(predictions.labels, predictions.predicted)
    assert sums.confusions(cells.sum(axis=0)).tolist() == expected.tolist()
    assert cells.shape == (400, CLASSES**2)
    assert cells.sum(axis=1).tolist() == [1] * 400


def test_accuracy_and_f1_agree_with_scikit_learn(predictions):
    rows = predictions.labels, predictions.predicted
    confusion = sums.confusions(sums.count_cells(*rows, CLASSES).sum(axis=0))
    assert sums.accuracy_of(confusion) == pytest.approx(reference.accuracy_score(*rows))
    assert sums.class_f1_of(confusion) == pytest.approx(reference.f1_score(*rows, average=None))
    assert scores.macro_f1_of(confusion) == pytest.approx(
        reference.f1_score(*rows, average="macro")
    )


def test_many_confusion_matrices_are_scored_as_each_of_them(predictions):
    cells = sums.count_cells(predictions.labels, predictions.predicted, CLASSES)
    parts = sums.confusions(cells.reshape(4, 100, -1).sum(axis=1))
    for index, part in enumerate(parts):
        assert sums.accuracy_of(parts)[index] == sums.accuracy_of(part)
        assert sums.class_f1_of(parts)[index].tolist() == sums.class_f1_of(part).tolist()


def test_f1_is_nan_only_for_a_class_that_is_neither_a_label_nor_predicted():
    confusion = sums.confusions(sums.count_cells([0, 0, 1], [0, 2, 1], 4).sum(axis=0))
    # Class 2 is only predicted, class 3 does not occur.
    np.testing.assert_allclose(sums.class_f1_of(confusion), [2 / 3, 1, 0, np.nan])
    assert np.isnan(sums.accuracy_of(np.zeros((2, 2))))


@pytest.mark.parametrize("sharpness", [0.9, 1.3, 2.2])
def test_ece_from_sums_is_the_metric_up_to_the_decimals_of_a_written_confidence(sharpness):
    predictions = simulate(np.random.default_rng(1), 50, 8, sharpness=sharpness)
    correct = predictions.predicted == predictions.labels
    gaps = sums.count_gaps(predictions.confidence, correct)
    expected = scores.ece(scores.reliability_bins(predictions.confidence, correct))
    assert sums.ece_of(gaps.sum(axis=0), len(gaps)) == pytest.approx(expected, abs=1e-6)


def test_ece_of_two_bins_computed_by_hand():
    # (7/15, 8/15] holds 0.5 twice, with one correct: no gap. (14/15, 1] holds 0.96, wrong.
    gaps = sums.count_gaps(np.array([0.5, 0.5, 0.96]), np.array([True, False, False]))
    total = gaps.sum(axis=0)
    assert total[7] == 0
    assert total[14] == 960_000
    assert sums.ece_of(total, 3) == pytest.approx(0.96 / 3)
    assert sums.ece_of(np.stack([total, 2 * total]), np.array([3, 6])).tolist() == [0.32, 0.32]


def test_sums_of_gaps_are_exact_in_any_order(predictions):
    gaps = sums.count_gaps(predictions.confidence, predictions.predicted == predictions.labels)
    assert gaps.dtype == np.int64
    shuffled = gaps[np.random.default_rng(0).permutation(len(gaps))]
    assert shuffled.sum(axis=0).tolist() == gaps.sum(axis=0).tolist()
