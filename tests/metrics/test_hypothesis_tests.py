"""The tests agree with statsmodels and with values computed by hand."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from emotion.metrics.hypothesis_tests import holm, mcnemar_exact


def classifiers(both, only_first, only_second, neither):
    """Correctness of two classifiers on so many images of each kind."""
    counts = both, only_first, only_second, neither
    return np.repeat([1, 1, 0, 0], counts) == 1, np.repeat([1, 0, 1, 0], counts) == 1


@pytest.mark.parametrize(
    ("both", "only_first", "only_second", "neither"),
    [(50, 1, 9, 3), (0, 4, 4, 0), (10, 0, 6, 0), (900, 60, 90, 200), (5, 1, 0, 5)],
)
def test_mcnemar_agrees_with_statsmodels(both, only_first, only_second, neither):
    expected = mcnemar([[both, only_first], [only_second, neither]], exact=True).pvalue
    found = mcnemar_exact(*classifiers(both, only_first, only_second, neither))
    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert found.p_value == pytest.approx(expected, rel=1e-9)


def test_mcnemar_counts_only_the_images_on_which_the_classifiers_differ():
    # Six differing images, all in favor of the first: 2 / 2**6.
    for both, neither in ((0, 0), (500, 500)):
        found = mcnemar_exact(*classifiers(both, 6, 0, neither))
        assert found.p_value == pytest.approx(2 / 64)
    assert mcnemar_exact(*classifiers(7, 0, 0, 3)).p_value == 1


def test_mcnemar_takes_zeros_and_ones_for_booleans():
    first, second = classifiers(20, 8, 1, 5)
    assert mcnemar_exact(first.astype(int), second.astype(int)) == mcnemar_exact(first, second)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_holm_agrees_with_statsmodels(count):
    p_values = np.random.default_rng(count).random(count) ** 3
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values.tolist()) == pytest.approx(expected)


def test_holm_computed_by_hand_keeps_the_order_given():
    # Sorted: 0.01 * 3, 0.02 * 2, 0.9 * 1.
    assert holm([0.9, 0.01, 0.02]) == pytest.approx([0.9, 0.03, 0.04])


def test_holm_never_reverses_two_p_values_and_never_exceeds_one():
    # 0.03 * 2 = 0.06 exceeds 0.04, which is therefore raised.
    assert holm([0.03, 0.04]) == pytest.approx([0.06, 0.06])
    assert holm([0.7, 0.8]) == [1, 1]
    assert holm([]) == []
