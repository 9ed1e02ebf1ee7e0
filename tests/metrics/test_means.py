"""The interval of a mean against statsmodels, and its coverage."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from emotion.metrics.means import mean_by_group


def test_the_interval_is_that_of_a_cluster_robust_regression():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 60)
    values = rng.normal(size=60) + rng.normal(size=12)[groups]
    reference = sm.OLS(values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    error = reference.bse[0] * np.sqrt(12 / 11)
    half = stats.t.ppf(0.975, 11) * error
    found = mean_by_group(values, groups)
    assert found.value == pytest.approx(reference.params[0])
    np.testing.assert_allclose(found.interval, [found.value - half, found.value + half])


def test_it_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 5)
    hits = 0
    for _ in range(400):
        values = 0.3 + rng.normal(size=100) + rng.normal(size=20)[groups]
        low, high = mean_by_group(values, groups).interval
        hits += low < 0.3 < high
    assert 0.92 < hits / 400 < 0.98


def test_undefined_values_are_left_out():
    values = np.array([1.0, np.nan, 3.0])
    assert mean_by_group(values, np.array(["a", "b", "c"])).value == 2
    assert mean_by_group(values * np.nan, np.array(["a", "b", "c"])) is None


def test_the_interval_stays_within_the_bounds_of_the_values():
    values = np.array([1.0, 1.0, 1.0, 0.0])
    low, high = mean_by_group(values, np.arange(4), bounds=(0.0, 1.0)).interval
    assert (low, high) == (0.0, 1.0)


def test_one_group_has_no_interval():
    assert mean_by_group(np.array([1.0, 2.0]), np.array(["a", "a"])).interval is None
