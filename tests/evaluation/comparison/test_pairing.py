"""Rows are paired by the hash of the image, and no row is compared with another image."""

import numpy as np
import pytest

from emotion.core.errors import UserError
from emotion.evaluation.comparison.pairing import pair_rows
from tests.evaluation.comparison.simulated import (
    CLASSES,
    changed,
    make_predictions,
    named,
    some_rows,
)


@pytest.fixture
def first():
    return make_predictions("main", model=1)


@pytest.fixture
def second():
    return make_predictions("new", model=2)


def shuffled(predictions):
    rows = predictions.rows.sample(frac=1, random_state=3)
    return some_rows(changed(predictions, **rows.reset_index(drop=True)), slice(None))


def test_rows_are_paired_by_hash_whatever_their_order_and_path(first, second):
    moved = changed(second, path="elsewhere/" + second.rows["path"])
    rows = pair_rows(first, shuffled(moved))
    assert len(rows.labels) == len(first.rows)
    assert (rows.only_first, rows.only_second, rows.conflicts) == (0, 0, 0)
    by_hash = second.rows.set_index("sha256").loc[first.rows.sort_values("sha256")["sha256"]]
    expected = sorted(
        zip(by_hash["label"], by_hash["predicted"], by_hash["confidence"], strict=True)
    )
    names = np.array(rows.class_names)
    found = zip(names[rows.labels], names[rows.predicted[1]], rows.confidence[1], strict=True)
    assert sorted(found) == expected


def test_images_of_only_one_revision_are_counted_and_left_out(first, second):
    rows = pair_rows(some_rows(first, slice(10, None)), some_rows(second, slice(None, -3)))
    assert len(rows.labels) == len(first.rows) - 13
    assert (rows.only_first, rows.only_second) == (3, 10)


def test_repeated_hashes_are_paired_in_the_order_of_paths(first, second):
    hashes = first.rows["sha256"].replace(first.rows["sha256"][1], first.rows["sha256"][0])
    labels = first.rows["label"].where(first.rows.index > 1, "happy")
    one = changed(first, sha256=hashes, label=labels, confidence=np.linspace(0, 1, len(hashes)))
    two = changed(second, sha256=hashes, label=labels, confidence=np.linspace(0, 1, len(hashes)))
    rows = pair_rows(one, shuffled(two))
    assert len(rows.labels) == len(hashes)
    assert (rows.confidence[0] == rows.confidence[1]).all()
    without_one = pair_rows(one, some_rows(two, slice(1, None)))
    assert (without_one.only_first, without_one.only_second) == (1, 0)


def test_images_with_another_label_are_counted_and_left_out(first, second):
    labels = second.rows["label"].copy()
    labels[:5] = [CLASSES[(CLASSES.index(label) + 1) % 4] for label in labels[:5]]
    rows = pair_rows(first, changed(second, label=labels))
    assert rows.conflicts == 5
    assert len(rows.labels) == len(first.rows) - 5


def test_classes_are_matched_by_name_and_not_by_index(first, second):
    rows, other = pair_rows(first, second), pair_rows(first, named(second, CLASSES[::-1]))
    assert (other.predicted[1] == rows.predicted[1]).all()
    assert other.unshared == []


def test_a_class_that_only_one_revision_knows_is_named(first, second):
    rows = pair_rows(first, named(second, ["contempt", *CLASSES]))
    assert rows.class_names == [*CLASSES, "contempt"]
    assert rows.unshared == ["contempt"]


def test_a_label_that_one_revision_does_not_know_is_an_error_naming_both_label_maps(first, second):
    renamed = named(
        changed(
            second,
            label=second.rows["label"].replace("sad", "sadness"),
            predicted=second.rows["predicted"].replace("sad", "sadness"),
        ),
        ["angry", "happy", "sadness", "surprised"],
    )
    with pytest.raises(
        UserError, match=r"angry, happy, sad, surprised.*angry, happy, sadness, sur"
    ):
        pair_rows(first, renamed)
    with pytest.raises(UserError, match="classes that both know"):
        pair_rows(renamed, first)


def test_no_image_in_common_is_an_error(first):
    with pytest.raises(UserError, match="'main' and 'new' have no image in common"):
        pair_rows(first, make_predictions("new", start=1000))


def test_no_label_in_common_is_an_error(first, second):
    labels = [CLASSES[(CLASSES.index(label) + 1) % 4] for label in second.rows["label"]]
    with pytest.raises(UserError, match="agree on the label of no image"):
        pair_rows(first, changed(second, label=labels))


def test_groups_that_share_an_image_in_either_revision_are_joined(first, second):
    rows = pair_rows(first, second)
    assert rows.group_count == 30
    joined = second.rows["group"].replace({"subject 1": "subject 0", "subject 2": "subject 3"})
    renamed = "another name of " + joined
    rows = pair_rows(first, changed(second, group=renamed))
    assert rows.group_count == 28
    assert sorted(np.bincount(rows.groups))[-2:] == [12, 12]
    chained = changed(first, group=first.rows["group"].replace("subject 3", "subject 0"))
    assert pair_rows(chained, changed(second, group=joined)).group_count == 27
