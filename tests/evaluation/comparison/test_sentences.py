"""Every outcome, edge cases included, is one plain sentence."""

import dataclasses

import numpy as np
import pytest

from emotion.evaluation.comparison.paired import Difference, compare_pair
from emotion.evaluation.comparison.sentences import (
    p_text,
    signed,
    state_mcnemar,
    state_notes,
    state_verdict,
)
from emotion.metrics.bootstrap import Interval
from tests.evaluation.comparison.simulated import (
    CLASSES,
    changed,
    make_predictions,
    named,
    some_rows,
)
from tests.evaluation.comparison.test_paired import corrected_in

FIRST, SECOND = make_predictions("main", model=1), make_predictions("new", model=2)


def sentence(first=FIRST, second=SECOND, **changes):
    comparison = dataclasses.replace(compare_pair(first, second, 200), **changes)
    return state_verdict(comparison, "test")


def with_difference(difference, low, high):
    score = Difference(0.5, 0.5 + difference, Interval(low, high))
    return {"scores": {"macro_f1": score}, "adjusted": 0.01}


def test_a_shown_difference_has_its_direction_its_size_and_its_interval():
    shown = sentence(**with_difference(0.021, 0.008, 0.034))
    assert shown == "new is better: +0.021 macro-F1 [+0.008, +0.034]"
    shown = sentence(**with_difference(-0.021, -0.034, -0.008))
    assert shown == "new is worse: -0.021 macro-F1 [-0.034, -0.008]"


def test_no_shown_difference_has_the_number_of_images_that_would_be_needed():
    scores = {"macro_f1": Difference(0.5, 0.506, Interval(-0.02, 0.03))}
    assert sentence(scores=scores, images_needed=5300) == (
        "no difference shown with 180 test images (30 groups); about 5,300 would be needed to see "
        "+0.006"
    )
    assert state_verdict(compare_pair(FIRST, SECOND, 200), "val").startswith(
        "no difference shown with 180 val images"
    )


def test_an_equal_score_of_different_predictions_has_no_number_of_images():
    assert sentence(images_needed=None).endswith("(30 groups); the macro-F1 is equal")


def test_equal_predictions_are_named_as_such():
    assert sentence(second=FIRST) == "no difference: equal predictions for 180 test images"
    other = changed(FIRST, confidence=FIRST.rows["confidence"] / 2)
    assert sentence(second=other).endswith("for 180 test images; only confidences differ")


@pytest.mark.parametrize(("rows", "size"), [(1, "1 test image"), (6, "6 test images")])
def test_one_group_has_no_interval(rows, size):
    wrong = FIRST.rows.index[FIRST.rows["predicted"] != FIRST.rows["label"]][0] // 6 * 6
    wrong += int(rows == 1) * (FIRST.rows["predicted"] != FIRST.rows["label"])[wrong:].argmax()
    one = some_rows(FIRST, slice(wrong, wrong + rows))
    shown = sentence(one, changed(one, predicted=one.rows["label"]))
    expected = f"no difference can be shown with one group of {size}, which gives no interval"
    assert shown == expected


def test_predictions_that_differ_in_few_groups_say_so():
    assert sentence(second=corrected_in(5)) == (
        "no difference shown with 180 test images (30 groups); predictions differ in only "
        "5 groups, which is too few for any test"
    )


def test_several_revisions_are_named_and_a_difference_lost_to_the_correction_is_explained():
    comparison = dataclasses.replace(
        compare_pair(FIRST, SECOND, 200), p_value=0.03, adjusted=0.09, images_needed=200
    )
    shown = state_verdict(comparison, "test", comparisons=3)
    assert shown.startswith("new: no difference shown with 180 test images (30 groups) after the ")
    assert "correction for 3 revisions; about 200 would be needed" in shown


def test_a_correction_that_changes_nothing_is_not_blamed():
    comparison = dataclasses.replace(compare_pair(FIRST, SECOND, 200), p_value=0.3, adjusted=0.6)
    assert "correction" not in state_verdict(comparison, "test", comparisons=2)


def test_nothing_is_noted_for_equal_test_sets():
    assert list(state_notes(compare_pair(FIRST, SECOND, 200))) == []


def test_different_test_sets_labels_and_label_maps_are_noted():
    labels = SECOND.rows["label"].copy()
    labels[170] = CLASSES[(CLASSES.index(labels[170]) + 1) % 4]
    second = named(changed(SECOND, label=labels), [*CLASSES, "contempt"])
    comparison = compare_pair(some_rows(FIRST, slice(10, None)), some_rows(second, slice(179)), 200)
    assert list(state_notes(comparison)) == [
        "the test sets differ: 1 image only in main and 10 only in new cannot be paired",
        "1 image left out: the labels in main and new differ",
        "the label maps differ: only one of them has contempt",
        "left out of macro-F1, since no paired image is of that class: contempt",
    ]


def test_mcnemar_says_what_it_assumes():
    one = np.asarray(FIRST.rows["label"] == FIRST.rows["predicted"])
    two = np.asarray(SECOND.rows["label"] == SECOND.rows["predicted"])
    text = state_mcnemar(compare_pair(FIRST, SECOND, 200))
    assert f"correct only in main: {sum(one & ~two)}, only in new: {sum(two & ~one)}" in text
    assert "treats images as independent" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0214, "+0.021"), (-0.5, "-0.500"), (0, "0.000"), (0.0003, "+0.0003"), (-2e-5, "-2e-05")],
)
def test_a_difference_is_never_rounded_to_zero(value, text):
    assert signed(value) == text


def test_p_values_are_not_rounded_to_zero():
    assert (p_text(0.0004), p_text(0.031)) == ("p < 0.001", "p = 0.031")
