"""Every outcome, edge cases included, is one sentence with its numbers."""

import dataclasses
import re

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
from tests.evaluation.comparison.simulated import CLASSES, changed, make_predictions, named, subset
from tests.evaluation.comparison.test_paired import corrected_in

FIRST, SECOND = make_predictions("main", model=1), make_predictions("new", model=2)


def sentence(first=FIRST, second=SECOND, split="test", comparisons=1, **changes):
    comparison = dataclasses.replace(compare_pair(first, second, 200), **changes)
    return state_verdict(comparison, split, comparisons)


def numbers(text):
    """The numbers of a text, in their order, as they are written."""
    return re.findall(r"(?<!\w)[+-]?\d[\d,.]*\b", text)


def macro_f1(difference, low, high):
    """Another difference of macro-F1 with its interval."""
    return {"scores": {"macro_f1": Difference(0.5, 0.5 + difference, Interval(low, high))}}


@pytest.mark.parametrize(("sign", "word"), [(1, "better"), (-1, "worse")])
def test_a_shown_difference_has_its_direction_its_size_and_its_interval(sign, word):
    low, high = sorted((sign * 0.008, sign * 0.034))
    shown = sentence(**macro_f1(sign * 0.021, low, high), adjusted=0.01)
    assert shown.startswith(f"new is {word}")
    assert numbers(shown) == [f"{value:+.3f}" for value in (sign * 0.021, low, high)]


@pytest.mark.parametrize("split", ["test", "val"])
def test_no_shown_difference_has_the_number_of_images_that_would_be_needed(split):
    shown = sentence(**macro_f1(0.006, -0.02, 0.03), images_needed=5300, split=split)
    assert numbers(shown) == ["180", "30", "5,300", "+0.006"]
    assert f"180 {split} images" in shown


def test_an_equal_score_of_different_predictions_has_no_number_of_images():
    assert numbers(sentence(images_needed=None)) == ["180", "30"]


def test_equal_predictions_are_named_as_such():
    other = changed(FIRST, confidence=FIRST.rows["confidence"] / 2)
    for second, same in ((FIRST, True), (other, False)):
        shown = sentence(second=second)
        assert "equal predictions for 180 test images" in shown
        assert ("confidences" in shown) != same


@pytest.mark.parametrize(("rows", "size"), [(1, "1 test image"), (6, "6 test images")])
def test_one_group_has_no_interval(rows, size):
    wrong = FIRST.rows.index[FIRST.rows["predicted"] != FIRST.rows["label"]][0] // 6 * 6
    wrong += int(rows == 1) * (FIRST.rows["predicted"] != FIRST.rows["label"])[wrong:].argmax()
    one = subset(FIRST, slice(wrong, wrong + rows))
    shown = sentence(one, changed(one, predicted=one.rows["label"]))
    assert re.search(rf"one group of {size}\b.*no interval", shown)


def test_predictions_that_differ_in_few_groups_say_so():
    assert numbers(sentence(second=corrected_in(5))) == ["180", "30", "5"]


def test_too_few_groups_for_the_correction_are_the_reason_and_not_the_number_of_images():
    least = 2.0**-6  # of a sign test of 7 groups
    lost = {"comparisons": 4, "p_value": least, "adjusted": 4 * least, "images_needed": 94}
    shown = sentence(second=corrected_in(7), **lost)
    assert numbers(shown) == ["180", "30", "4", "7", "4"]
    assert shown.endswith("predictions differ in only 7 groups, which is too few for 4 revisions")


def test_a_difference_lost_to_the_correction_for_several_revisions_is_explained():
    shown = sentence(comparisons=3, p_value=0.03, adjusted=0.09, images_needed=200)
    assert shown.startswith("new: ")
    assert "correction for 3 revisions" in shown
    assert numbers(shown)[:4] == ["180", "30", "3", "200"]


def test_a_correction_that_changes_nothing_is_not_given_as_the_reason():
    assert "correction" not in sentence(comparisons=2, p_value=0.3, adjusted=0.6)


def test_nothing_is_noted_for_equal_test_sets():
    assert list(state_notes(compare_pair(FIRST, SECOND, 200))) == []


def test_different_test_sets_labels_and_label_maps_are_noted():
    labels = SECOND.rows["label"].copy()
    labels[170] = CLASSES[(CLASSES.index(labels[170]) + 1) % 4]
    second = named(changed(SECOND, label=labels), [*CLASSES, "contempt"])
    comparison = compare_pair(subset(FIRST, slice(10, None)), subset(second, slice(179)), 200)
    unpaired, conflicts, classes, absent = state_notes(comparison)
    assert "1 image only in main and 10 only in new" in unpaired
    assert conflicts.startswith("1 image ")
    assert classes.endswith(" contempt")
    assert absent.endswith(": contempt")
    assert "macro-F1" in absent


def test_mcnemar_has_its_counts_and_its_assumption():
    one = np.asarray(FIRST.rows["label"] == FIRST.rows["predicted"])
    two = np.asarray(SECOND.rows["label"] == SECOND.rows["predicted"])
    text = state_mcnemar(compare_pair(FIRST, SECOND, 200))
    assert f"only in main: {sum(one & ~two)}, only in new: {sum(two & ~one)};" in text
    assert "independent" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0214, "+0.021"), (-0.5, "-0.500"), (0, "0.000"), (0.0003, "+0.0003"), (-2e-5, "-2e-05")],
)
def test_a_difference_is_never_rounded_to_zero(value, text):
    assert signed(value) == text


def test_p_values_are_not_rounded_to_zero():
    assert (p_text(0.0004), p_text(0.031)) == ("p < 0.001", "p = 0.031")
