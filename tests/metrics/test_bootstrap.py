"""The intervals agree with independent references, also at the limits of their range."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.simulated_predictions import simulate
from emotion.metrics import scores, sums
from emotion.metrics.bootstrap import (
    difference_interval_of,
    ece_interval,
    interval_of,
    p_value_of,
    resample_sums,
)

CLASSES = 6
UNSEEN_OF_20 = 1 - 0.025 ** (1 / 20)  # Clopper and Pearson's upper limit for 0 of 20


@pytest.fixture
def predictions():
    return simulate(np.random.default_rng(0), groups=40, images_per_group=6)


def cells_of(predictions):
    return sums.count_cells(predictions.labels, predictions.predicted, CLASSES)


def gaps_of(predictions):
    return sums.count_gaps(predictions.confidence, predictions.predicted == predictions.labels)


def accuracy_samples(correct, groups, resamples=2000):
    """Accuracies on the resamples, of images that are correct or not."""
    labels = np.zeros(len(correct), dtype=int)
    cells = sums.count_cells(labels, 1 - np.asarray(correct, dtype=int), 2)
    return sums.accuracy_of(sums.confusions(resample_sums(cells, groups, resamples)))


def ece_interval_of(predictions, resamples=1000):
    """As the stage computes it: gaps and number of images from the same resamples."""
    gaps, groups = gaps_of(predictions), predictions.groups
    stacked = np.hstack([gaps, np.ones((len(gaps), 1), dtype=int)])
    resampled = resample_sums(stacked, groups, resamples)
    bins = scores.bin_of(predictions.confidence, sums.BINS)
    return ece_interval(
        gaps=gaps.sum(axis=0),
        counts=np.bincount(bins, minlength=sums.BINS),
        resampled=resampled[:, :-1],
        images=resampled[:, -1],
        groups=len(np.unique(groups)),
    )


def test_resampled_sums_agree_with_a_plain_bootstrap_over_groups(predictions):
    cells, groups = cells_of(predictions), predictions.groups
    random = np.random.default_rng(123)
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    theirs = np.array(
        [
            cells[np.concatenate([rows[i] for i in random.integers(0, 40, 40)])].sum(axis=0)
            for _ in range(2000)
        ]
    )
    ours = resample_sums(cells, groups, 20_000)
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.5)
    np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), rtol=0.1)
    ours_f1, theirs_f1 = (scores.macro_f1_of(sums.confusions(x)) for x in (ours, theirs))
    quantiles = (0.025, 0.25, 0.5, 0.75, 0.975)
    np.testing.assert_allclose(
        np.quantile(ours_f1, quantiles), np.quantile(theirs_f1, quantiles), atol=0.006
    )


def test_resampled_accuracy_agrees_with_scipy_if_every_image_is_its_own_group():
    correct = np.random.default_rng(0).random(80) < 0.7
    ours = accuracy_samples(correct, np.arange(80), 20_000)
    theirs = stats.bootstrap((correct,), np.mean, n_resamples=9999, rng=np.random.default_rng(1))
    assert ours.std() == pytest.approx(theirs.standard_error, rel=0.03)
    # 1 / 80 is the distance of two accuracies.
    np.testing.assert_allclose(
        np.quantile(ours, (0.025, 0.975)),
        np.quantile(theirs.bootstrap_distribution, (0.025, 0.975)),
        atol=1 / 80 + 1e-9,
    )


def test_sums_do_not_depend_on_the_order_of_rows_or_the_names_of_groups(predictions):
    values = np.hstack([cells_of(predictions), gaps_of(predictions)])
    expected = resample_sums(values, predictions.groups, 300)
    shuffle = np.random.default_rng(0).permutation(len(values))
    renamed = np.array([f"subject {977 * group % 1000}" for group in predictions.groups])
    found = resample_sums(values[shuffle], renamed[shuffle], 300)
    np.testing.assert_array_equal(found, expected)


def test_resamples_depend_on_the_seed_and_not_on_how_many_follow(predictions):
    values, groups = cells_of(predictions), predictions.groups
    many = resample_sums(values, groups, 250)
    np.testing.assert_array_equal(resample_sums(values, groups, 130), many[:130])
    assert (resample_sums(values, groups, 130, seed=1) != many[:130]).any()


def test_every_resample_has_as_many_groups_as_the_data():
    sizes = np.repeat([1, 5], 10)  # of twenty groups
    groups = np.repeat(np.arange(20), sizes)
    values = np.column_stack([np.ones(len(groups)), 1 / sizes[groups] * 60]).astype(int)
    drawn = resample_sums(values, groups, 500)
    assert (drawn[:, 1] == 20 * 60).all()
    assert drawn[:, 0].std() > 0


def test_images_of_one_subject_are_not_independent():
    # Forty subjects, each with ten images that are all correct or all wrong.
    correct = np.repeat(np.arange(40) % 2, 10)
    error = {
        "subjects": accuracy_samples(correct, np.repeat(np.arange(40), 10)).std(),
        "images": accuracy_samples(correct, np.arange(400)).std(),
    }
    assert error["subjects"] == pytest.approx(error["images"] * np.sqrt(10), rel=0.05)


def test_the_interval_is_that_of_a_t_test_on_the_logit_scale():
    correct = np.random.default_rng(3).random(50) < 0.8
    low, high = interval_of(accuracy_samples(correct, np.arange(50), 50_000), 50)
    share = correct.mean()
    error = stats.sem(correct) / (share * (1 - share))
    expected = stats.t.interval(0.95, 49, np.log(share / (1 - share)), error)
    assert (low, high) == pytest.approx(1 / (1 + np.exp(-np.array(expected))), abs=0.004)


def test_the_interval_of_a_difference_is_that_of_a_paired_t_test():
    first, second = np.random.default_rng(4).normal((0.6, 0.7), 0.1, (12, 2)).T
    values = np.rint(np.column_stack([first, second]) * 1e6).astype(int)
    drawn = resample_sums(values, np.arange(12), 50_000)
    samples = (drawn[:, 1] - drawn[:, 0]) / 12e6
    expected = stats.ttest_rel(second, first)
    low, high = expected.confidence_interval()
    assert difference_interval_of(samples, 12) == pytest.approx((low, high), abs=0.002)
    assert p_value_of(samples, 12) == pytest.approx(expected.pvalue, rel=0.1)


@pytest.mark.parametrize("groups", [2, 3, 8, 100])
@pytest.mark.parametrize("center", [-0.3, -0.05, 0, 0.02, 0.1, 0.4])
def test_the_p_value_is_below_5_percent_exactly_if_the_interval_omits_zero(groups, center):
    random = np.random.default_rng(0)
    for spread in np.geomspace(0.001, 0.2, 25):
        samples = random.normal(center, spread, 200)
        low, high = difference_interval_of(samples, groups)
        assert (p_value_of(samples, groups) < 0.05) == (low > 0 or high < 0)


def test_a_p_value_is_symmetric_and_never_below_one_per_resample():
    samples = np.random.default_rng(0).normal(0.02, 0.01, 400)
    assert p_value_of(samples, 30) == pytest.approx(p_value_of(-samples, 30))
    assert p_value_of(samples + 1, 30) == 1 / 400


@pytest.mark.parametrize(("difference", "p_value"), [(0, 1), (0.25, 1 / 100)])
def test_a_difference_that_is_equal_on_all_resamples_is_its_interval(difference, p_value):
    samples = np.full(100, difference)
    assert difference_interval_of(samples, 20) == (difference, difference)
    assert p_value_of(samples, 20) == p_value


def test_one_group_has_no_interval(predictions):
    samples = accuracy_samples([True, False, True], np.array(["a", "a", "a"]), 50)
    assert interval_of(samples, 1) is None
    assert difference_interval_of(samples, 1) is None
    assert p_value_of(samples, 1) == 1
    gaps = gaps_of(predictions).sum(axis=0)
    assert ece_interval(gaps, np.full(15, 16), gaps[None], np.array([240]), 1) is None


def test_two_groups_have_a_wide_interval_within_0_and_1():
    samples = accuracy_samples([1, 1, 0, 1, 0, 0, 0, 1, 0, 0], np.repeat([0, 1], 5))
    low, high = interval_of(samples, 2)
    assert 0 < low < 0.05
    assert 0.9 < high < 1


@pytest.mark.parametrize("correct", [[0, 0], [1, 1], [1, 0]])
def test_groups_of_equal_accuracy_do_not_make_it_certain(correct):
    # An unseen group may have any accuracy.
    interval = interval_of(accuracy_samples(correct * 20, np.repeat(np.arange(20), 2)), 20)
    accuracy = np.mean(correct)
    low, high = accuracy * (1 - UNSEEN_OF_20), accuracy + (1 - accuracy) * UNSEEN_OF_20
    assert interval == pytest.approx((low, high))
    if accuracy in (0, 1):
        exact = stats.binomtest(20 * correct[0], 20).proportion_ci(method="exact")
        assert interval == pytest.approx(tuple(exact))


def test_a_class_that_no_resample_has_is_without_an_interval():
    cells = sums.count_cells([0, 1, 0, 1], [0, 1, 1, 1], 3)
    f1 = sums.class_f1_of(sums.confusions(resample_sums(cells, np.arange(4), 100)))[:, 2]
    assert np.isnan(f1).all()
    assert interval_of(f1, 4) is difference_interval_of(f1, 4) is None
    assert p_value_of(f1, 4) == 1


def test_resamples_without_a_class_are_left_out():
    samples = np.random.default_rng(0).uniform(0.4, 0.8, 300)
    gappy = np.insert(samples, [5, 100, 200], np.nan)
    for function in (interval_of, difference_interval_of, p_value_of):
        assert function(gappy, 9) == function(samples, 9)


def test_the_interval_of_ece_covers_zero_for_calibrated_confidence():
    random = np.random.default_rng(0)
    confidence = random.uniform(0.3, 1, 500)
    correct = random.random(500) < confidence
    gaps = sums.count_gaps(confidence, correct)
    counts = np.bincount(scores.bin_of(confidence, sums.BINS), minlength=sums.BINS)
    drawn = resample_sums(gaps, np.arange(500), 1000)
    estimate = sums.ece_of(gaps.sum(axis=0), 500)
    percentiles = np.quantile(sums.ece_of(drawn, 500), (0.025, 0.975))
    low, high = ece_interval(gaps.sum(axis=0), counts, drawn, np.full(1000, 500), 500)
    assert low == 0
    assert low <= estimate <= high
    assert percentiles[0] > 0.01  # the percentile method excludes the truth


@pytest.mark.parametrize(("sharpness", "truth"), [(0.9, 0.137), (1.3, 0.029), (2.2, 0.117)])
def test_the_interval_of_ece_covers_the_truth(sharpness, truth):
    # With a coverage of 95 %, fewer than 21 of 25 are a matter of less than 1 %.
    covered = 0
    for seed in range(25):
        predictions = simulate(np.random.default_rng(seed), 60, 8, sharpness=sharpness)
        low, high = ece_interval_of(predictions, 300)
        covered += low <= truth <= high
    assert covered >= 21


def test_the_interval_of_ece_is_that_of_the_gap_if_all_bins_have_one_sign():
    # With a large gap of one sign, the error is mean confidence - accuracy, which has a t-test.
    predictions = simulate(np.random.default_rng(2), 2000, 1, sharpness=2.2)
    correct = predictions.predicted == predictions.labels
    low, high = ece_interval_of(predictions)
    expected = stats.ttest_1samp(predictions.confidence - correct, 0).confidence_interval()
    assert (low, high) == pytest.approx(tuple(expected), abs=0.006)


def in_one_bin(observed, spread, groups):
    """The interval of an error in a single bin, whose resamples are normal."""
    gaps, counts = np.zeros((2, sums.BINS), dtype=int)
    gaps[7], counts[7] = observed * 1000 * sums.UNIT, 1000
    drawn = np.zeros((4000, sums.BINS))
    quantiles = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    drawn[:, 7] = gaps[7] + spread * 1000 * sums.UNIT * quantiles
    return ece_interval(gaps, counts, drawn, np.full(4000, 1000), groups)


@pytest.mark.parametrize("groups", [5, 20, 1000])
def test_the_interval_of_ece_is_as_wide_as_students_also_for_few_groups(groups):
    half = stats.t.ppf(0.975, groups - 1) * np.sqrt(groups / (groups - 1)) * 0.01
    assert in_one_bin(0.2, 0.01, groups) == pytest.approx((0.2 - half, 0.2 + half), abs=0.001)


def test_the_interval_of_ece_holds_an_estimate_that_is_smaller_than_the_noise():
    assert in_one_bin(1e-6, 0.01, 1000) == (0, pytest.approx(1e-6))


def test_the_interval_of_ece_does_not_depend_on_the_sign_of_the_gaps(predictions):
    gaps, images = gaps_of(predictions), np.full(200, 240)
    counts = np.bincount(scores.bin_of(predictions.confidence, sums.BINS), minlength=sums.BINS)
    drawn = resample_sums(gaps, predictions.groups, 200)
    total = gaps.sum(axis=0)
    expected = ece_interval(total, counts, drawn, images, 40)
    assert ece_interval(-total, counts, -drawn, images, 40) == pytest.approx(expected)


def test_equal_groups_do_not_make_the_calibration_error_certain():
    # All images have a confidence of 0.9 and are correct.
    gaps = sums.count_gaps(np.full(20, 0.9), np.ones(20, dtype=bool))
    counts = np.bincount([13] * 20, minlength=sums.BINS)
    drawn = resample_sums(gaps, np.arange(20), 100)
    low, high = ece_interval(gaps.sum(axis=0), counts, drawn, np.full(100, 20), 20)
    assert low == pytest.approx(0.1 * (1 - UNSEEN_OF_20))
    assert high == pytest.approx(0.1 + 0.9 * UNSEEN_OF_20)
