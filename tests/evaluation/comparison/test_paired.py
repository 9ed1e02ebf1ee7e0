"""Differences, intervals and tests agree with independent references."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from emotion.evaluation.comparison.paired import compare_pair, compare_with_baseline
from emotion.evaluation.comparison.predictions import RevisionPredictions
from tests.evaluation.comparison.simulated import CLASSES, changed, make_predictions, named, subset
from tests.user_errors import user_error

FIRST, SECOND = make_predictions("main", model=1), make_predictions("new", model=2, skill=1.7)


def macro_f1(rows) -> float:
    return f1_score(rows["label"], rows["predicted"], average="macro")


def ece(rows) -> float:
    total = 0.0
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        inside = rows[(rows["confidence"] > low) & (rows["confidence"] <= high)]
        if len(inside):
            correct = (inside["label"] == inside["predicted"]).mean()
            total += len(inside) / len(rows) * abs(inside["confidence"].mean() - correct)
    return total


def numbers(comparison):
    """All that is reported, without the paired rows."""
    scores = {**comparison.scores, **comparison.class_f1}
    return {name: dataclasses.astuple(score) for name, score in scores.items()}, (
        comparison.p_value,
        comparison.mcnemar,
        comparison.images_needed,
    )


def test_the_scores_of_both_are_those_of_sklearn():
    comparison = compare_pair(FIRST, SECOND, 200)
    references = {
        "macro_f1": macro_f1,
        "accuracy": lambda rows: accuracy_score(rows["label"], rows["predicted"]),
        "ece": ece,
    }
    for name, reference in references.items():
        score = comparison.scores[name]
        assert score.first == pytest.approx(reference(FIRST.rows), abs=1e-9), name
        assert score.second == pytest.approx(reference(SECOND.rows), abs=1e-9), name
        assert score.difference == pytest.approx(score.second - score.first)
    for side, rows in (("first", FIRST.rows), ("second", SECOND.rows)):
        expected = f1_score(rows["label"], rows["predicted"], labels=CLASSES, average=None)
        found = [getattr(comparison.class_f1[name], side) for name in CLASSES]
        assert found == pytest.approx(expected.tolist())


def test_the_calibration_error_has_no_interval_because_it_would_not_hold():
    comparison = compare_pair(FIRST, SECOND, 200)
    assert comparison.scores["ece"].interval is None
    others = [comparison.macro_f1, comparison.scores["accuracy"], *comparison.class_f1.values()]
    assert None not in [score.interval for score in others]


@pytest.mark.slow
def test_the_interval_is_that_of_a_naive_paired_bootstrap_over_groups():
    """Both models on the same resampled subjects, with sklearn; normal quantiles of the result."""
    rng, images = np.random.default_rng(5), 6
    labels, one, two = (
        column.map(CLASSES.index).to_numpy()
        for column in (FIRST.rows["label"], FIRST.rows["predicted"], SECOND.rows["predicted"])
    )
    differences = []
    for _ in range(300):
        drawn = (rng.integers(30, size=30)[:, None] * images + np.arange(images)).ravel()
        scores = [f1_score(labels[drawn], p[drawn], average="macro") for p in (one, two)]
        differences.append(scores[1] - scores[0])
    reach = stats.t.ppf(0.975, 29) * np.sqrt(30 / 29) * np.std(differences)
    comparison = compare_pair(FIRST, SECOND, 4000)
    interval, difference = comparison.macro_f1.interval, comparison.macro_f1.difference
    assert interval.low == pytest.approx(difference - reach, abs=0.15 * reach)
    assert interval.high == pytest.approx(difference + reach, abs=0.15 * reach)
    needed = 180 * ((stats.t.ppf(0.975, 29) + 0.8416) / stats.t.ppf(0.975, 29) * reach) ** 2
    assert comparison.images_needed == pytest.approx(needed / difference**2, rel=0.2)


def repeated(predictions, copies, *columns):
    """So many copies of the rows, with different values in these columns."""
    rows = predictions.rows
    parts = [rows.assign(**{c: rows[c] + str(copy) for c in columns}) for copy in range(copies)]
    return dataclasses.replace(predictions, rows=pd.concat(parts))


def test_more_images_of_the_same_subjects_do_not_narrow_the_interval():
    one = compare_pair(FIRST, SECOND, 500)
    two = compare_pair(*(repeated(each, 2, "sha256") for each in (FIRST, SECOND)), 500)
    assert two.macro_f1.interval == one.macro_f1.interval
    assert two.p_value == one.p_value


def test_mcnemar_agrees_with_statsmodels():
    one = (FIRST.rows["label"] == FIRST.rows["predicted"]).to_numpy()
    two = (SECOND.rows["label"] == SECOND.rows["predicted"]).to_numpy()
    found = compare_pair(FIRST, SECOND, 200).mcnemar
    table = [[sum(one & two), sum(one & ~two)], [sum(~one & two), sum(~one & ~two)]]
    assert (found.only_first, found.only_second) == (table[0][1], table[1][0])
    assert found.p_value == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_a_better_and_a_worse_model_are_recognized_in_both_directions():
    good = make_predictions("good", model=3, groups=60, skill=3.0)
    base = make_predictions("main", model=1, groups=60)
    assert compare_pair(base, good, 500).verdict == 1
    assert compare_pair(good, base, 500).verdict == -1
    assert compare_pair(base, make_predictions("same", model=2, groups=60), 500).verdict == 0


def test_p_values_of_several_revisions_are_corrected_as_statsmodels_does():
    others = [make_predictions(f"b{skill}", model=4, skill=skill) for skill in (1.5, 1.9, 1.2, 1.8)]
    comparisons = compare_with_baseline(FIRST, others, 1000)
    raw = [comparison.p_value for comparison in comparisons]
    assert len(set(raw)) > 2
    expected = multipletests(raw, method="holm")[1]
    assert [comparison.adjusted for comparison in comparisons] == pytest.approx(expected.tolist())
    single = compare_with_baseline(FIRST, others[1:2], 1000)[0]
    assert single.adjusted == single.p_value == raw[1]


def test_the_verdict_follows_the_corrected_p_value():
    comparison = dataclasses.replace(compare_pair(FIRST, SECOND, 200), p_value=0.01, adjusted=0.06)
    assert comparison.verdict == 0
    assert dataclasses.replace(comparison, adjusted=0.04).verdict == 1


def test_too_few_resamples_for_the_number_of_revisions_are_an_error():
    with user_error("199", key="--resamples", hint="200 to 100,000"):
        compare_with_baseline(FIRST, [SECOND, SECOND], 199)


def test_the_result_depends_on_no_order_of_rows_or_classes():
    expected = numbers(compare_pair(FIRST, SECOND, 300))
    one = subset(FIRST, np.random.default_rng(0).permutation(180))
    two = named(subset(SECOND, np.random.default_rng(1).permutation(180)), CLASSES[::-1])
    assert numbers(compare_pair(one, two, 300)) == expected


def test_a_class_without_images_is_left_out_of_macro_f1_even_if_predicted():
    """A model that predicts it once would otherwise lose a fourth of its macro-F1."""
    seen = (FIRST.rows["label"] != "sad").to_numpy()
    one, two = (
        changed(subset(p, seen), predicted=p.rows["predicted"][seen].replace("sad", "surprised"))
        for p in (FIRST, SECOND)
    )
    once = two.rows["predicted"].copy()
    once.iloc[0] = "sad"
    comparison = compare_pair(one, changed(two, predicted=once), 200)
    assert list(comparison.class_f1) == ["angry", "happy", "surprised"]
    class_f1 = [score.second for score in comparison.class_f1.values()]
    assert comparison.macro_f1.second == pytest.approx(np.mean(class_f1))
    assert abs(comparison.macro_f1.second - macro_f1(two.rows)) < 0.02


@pytest.mark.parametrize("rows", [1, 6])
def test_one_group_has_no_interval_and_no_verdict(rows):
    comparison = compare_pair(subset(FIRST, slice(rows)), subset(SECOND, slice(rows)), 200)
    assert comparison.rows.group_count == 1
    assert comparison.macro_f1.interval is None
    assert comparison.verdict == 0
    assert comparison.images_needed is None


def test_equal_predictions_have_no_difference():
    comparison = compare_pair(FIRST, named(FIRST, CLASSES), 200)
    assert comparison.differing_images == 0
    assert comparison.macro_f1.interval == (0, 0)
    assert comparison.p_value == comparison.mcnemar.p_value == 1
    assert comparison.images_needed is None


def corrected_in(groups: int) -> RevisionPredictions:
    """A model that classifies one more image correctly in each of so many groups."""
    wrong = FIRST.rows[FIRST.rows["label"] != FIRST.rows["predicted"]]
    chosen = wrong.drop_duplicates("group").index[:groups]
    predicted = FIRST.rows["predicted"].copy()
    predicted[chosen] = FIRST.rows["label"][chosen]
    return changed(FIRST, predicted=predicted)


def test_five_groups_are_too_few_to_show_a_difference_and_ten_are_enough():
    assert compare_pair(FIRST, corrected_in(5), 1000).p_value == pytest.approx(2 * 0.5**5)
    assert compare_pair(FIRST, corrected_in(5), 1000).verdict == 0
    assert compare_pair(FIRST, corrected_in(10), 1000).verdict == 1


def test_the_images_needed_do_not_depend_on_how_many_there_are():
    pair = FIRST, make_predictions("x", model=2)
    few = compare_pair(*pair, 2000)
    many = compare_pair(*(repeated(each, 20, "sha256", "group") for each in pair), 2000)
    assert many.macro_f1.difference == pytest.approx(few.macro_f1.difference)
    # Student's correction for 30 groups makes it 10 % larger, and both are rounded to two digits.
    assert many.images_needed == pytest.approx(few.images_needed, rel=0.2)


def test_more_images_are_needed_where_more_revisions_are_compared():
    one, five = (compare_pair(FIRST, SECOND, 500, comparisons=m).images_needed for m in (1, 5))
    quantiles = [stats.t.ppf(1 - 0.025 / m, 29) + stats.norm.ppf(0.8) for m in (1, 5)]
    assert five / one == pytest.approx((quantiles[1] / quantiles[0]) ** 2, rel=0.1)
