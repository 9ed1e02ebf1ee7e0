"""The accepted images keep the target error rate on any validation split."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from benchmarks.simulated_predictions import simulate
from emotion.evaluation.abstention import DELTA, choose_threshold, clopper_pearson, design_effect


def make_rows(seed=0, groups=60, images=5, skill=2.4):
    """Confidence, correctness and group of simulated rows."""
    rows = simulate(np.random.default_rng(seed), groups, images, skill=skill)
    return np.round(rows.confidence, 6), rows.predicted == rows.labels, rows.groups


def sandwich_design_effect(wrong, groups):
    """Squared standard error with clusters, relative to that without, from statsmodels."""
    fit = sm.OLS(wrong.astype(float), np.ones(len(wrong)))
    clusters = {"groups": groups}
    return (fit.fit(cov_type="cluster", cov_kwds=clusters).bse / fit.fit().bse)[0] ** 2


def reference_bound(wrong, groups, accepted):
    """The bound on the error rate of the accepted rows, from statsmodels and scipy."""
    delta = DELTA / 4  # for the number of starts
    decisive = accepted if wrong[accepted].any() else slice(None)
    effect = max(1, sandwich_design_effect(wrong[decisive], groups[decisive]))
    degrees = len(np.unique(groups[accepted])) - 1, accepted.sum() - 1
    few_groups = stats.t.ppf(delta, degrees[0]) / stats.t.ppf(delta, degrees[1])
    rows = accepted.sum() / effect / few_groups**2
    errors = wrong[accepted].mean() * rows
    return stats.beta.ppf(1 - delta, errors + 1, rows - errors)


@pytest.mark.parametrize(("errors", "rows"), [(0, 1), (0, 50), (3, 40), (39, 40), (40, 40)])
@pytest.mark.parametrize("delta", [0.05, 0.00625])
def test_the_bound_is_the_exact_binomial_one(errors, rows, delta):
    exact = stats.binomtest(errors, rows).proportion_ci(1 - 2 * delta, method="exact")
    assert clopper_pearson(errors, rows, delta) == pytest.approx(exact.high)


def test_the_design_effect_is_that_of_the_cluster_robust_standard_error():
    _, correct, groups = make_rows()
    expected = sandwich_design_effect(~correct, groups)
    assert expected > 1.05
    assert design_effect(~correct, groups) == pytest.approx(expected)


def test_the_design_effect_of_independent_images_is_one():
    wrong = np.arange(30) % 4 == 0
    assert design_effect(wrong, np.arange(30)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("target", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("images", [1, 8])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_lowest_threshold_reached_from_a_start_through_safe_ones(seed, images, target):
    confidence, correct, groups = make_rows(seed, 256 // images, images)
    thresholds = np.floor(np.sort(confidence)[::-1][1::2] * 1e4) / 1e4  # 1/128, 2/128 ... of 256
    bounds = [reference_bound(~correct, groups, confidence >= level) for level in thresholds]
    reached = [
        end
        for start in (15, 31, 63, 95)
        for end in range(start, 128)
        if max(bounds[start : end + 1]) <= target
    ]

    result = choose_threshold(confidence, correct, groups, target)

    if not reached:
        assert result.threshold is None
        return
    assert result.threshold == thresholds[max(reached)]
    assert result.bound == pytest.approx(bounds[max(reached)])
    accepted = confidence >= result.threshold
    assert result.coverage == accepted.mean()
    assert result.error == (~correct[accepted]).mean() < result.bound <= target


def test_the_coverage_is_the_highest_where_errors_only_become_rarer():
    confidence = np.linspace(0.2, 0.95, 512)
    correct = np.arange(512) % np.repeat([2, 3, 5, 10, 40, 100, 200, 400], 64) != 0
    errors, rows = (~correct)[::-1].cumsum()[::-1], np.arange(512, 0, -1)
    bounds = stats.beta.ppf(1 - DELTA / 4, errors + 1, rows - errors)
    best = rows[bounds <= 0.1].max()
    result = choose_threshold(confidence, correct, np.arange(512), 0.1)
    assert best - 12 < result.coverage * 512 <= best  # the bound is not monotone image by image
    assert result.bound == pytest.approx(bounds[512 - round(result.coverage * 512)])


def test_a_higher_target_never_accepts_fewer_images():
    for seed in range(10):
        rows = make_rows(seed, groups=22, images=8)
        chosen = [
            choose_threshold(*rows, target).threshold for target in np.arange(0.02, 0.5, 0.02)
        ]
        levels = [1.1 if threshold is None else threshold for threshold in chosen]
        assert levels == sorted(levels, reverse=True)
        assert len(set(levels)) > 3


def test_the_order_of_rows_has_no_influence():
    rows = make_rows()
    order = np.random.default_rng(1).permutation(len(rows[0]))
    expected = choose_threshold(*rows, 0.15)
    assert expected.threshold is not None
    assert choose_threshold(*(column[order] for column in rows), 0.15) == expected


def test_the_threshold_has_four_decimals_and_equal_confidences_stay_together():
    confidence, correct, groups = make_rows(groups=80)
    coarse = np.round(confidence, 1)
    result = choose_threshold(coarse, correct, groups, 0.2)
    assert result.threshold in coarse
    fine = choose_threshold(confidence, correct, groups, 0.2)
    assert fine.threshold == round(fine.threshold, 4)


def test_copies_of_the_same_images_add_no_certainty():
    confidence, correct, _ = make_rows(groups=400, images=1)
    once = choose_threshold(confidence, correct, np.arange(400), 0.15)
    copies = (np.repeat(column, 10) for column in (confidence, correct, np.arange(400)))
    again = choose_threshold(*copies, 0.15)
    assert 0.3 < once.coverage < 0.9
    assert again.threshold == pytest.approx(once.threshold, abs=0.01)


def test_all_correct_accepts_everything_and_counts_a_group_as_one_image():
    confidence = np.linspace(0.5, 0.9, 200)
    right = np.ones(200, dtype=bool)
    alone = choose_threshold(confidence, right, np.arange(200), 0.1)
    assert (alone.threshold, alone.coverage, alone.error) == (0.5, 1, 0)
    assert alone.bound == pytest.approx(1 - (DELTA / 4) ** (1 / 200))
    grouped = choose_threshold(confidence, right, np.arange(200) // 5, 0.2)
    assert grouped.threshold == 0.5
    assert grouped.bound >= 1 - (DELTA / 4) ** (1 / 40)
    assert grouped.bound == pytest.approx(1 - (DELTA / 4) ** (1 / 40), rel=0.2)


@pytest.mark.parametrize(
    ("correct", "groups"),
    [
        (np.zeros(50, dtype=bool), np.arange(50)),
        (np.ones(50, dtype=bool), np.zeros(50)),
        (np.ones(1, dtype=bool), np.zeros(1)),
    ],
    ids=["all wrong", "one group", "one row"],
)
def test_what_guarantees_nothing_has_no_threshold(correct, groups):
    result = choose_threshold(np.linspace(0.4, 0.9, len(correct)), correct, groups, 0.2)
    assert (result.threshold, result.coverage, result.error, result.bound) == (None,) * 4
    for value in (0.2, len(correct), len(np.unique(groups))):
        assert f" {value:g} " in result.reason


def test_without_a_target_every_image_is_accepted():
    result = choose_threshold(*make_rows(), None)
    assert result.threshold is None
    assert "evaluate.target_error" in result.reason


@pytest.mark.slow
@pytest.mark.parametrize("images", [1, 8])
def test_the_target_is_kept_in_95_percent_of_simulated_splits(images):
    setting = {"subject_sd": 1.5, "skill": 2.4}
    world = simulate(np.random.default_rng(0), 100_000, 1, **setting)
    order = np.argsort(world.confidence)
    error = (world.predicted != world.labels)[order]
    broken = chosen = 0
    for seed in range(1, 101):
        rows = simulate(np.random.default_rng(seed), 480 // images, images, **setting)
        correct = rows.predicted == rows.labels
        threshold = choose_threshold(rows.confidence, correct, rows.groups, 0.1).threshold
        if threshold is not None:
            chosen += 1
            first = np.searchsorted(world.confidence[order], threshold)
            broken += error[first:].mean() > 0.1
    assert chosen >= 50
    assert broken <= DELTA * 100
