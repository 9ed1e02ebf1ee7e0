"""Rows are paired by the hash of the image, and no row is compared with another image."""

import numpy as np

from emotion.evaluation.comparison.pairing import pair_rows
from tests.evaluation.comparison.simulated import CLASSES, changed, make_predictions, named, subset
from tests.user_errors import user_error

FIRST, SECOND = make_predictions("main", model=1), make_predictions("new", model=2)


def shuffled(predictions):
    return subset(predictions, np.random.default_rng(3).permutation(len(predictions.rows)))


def test_rows_are_paired_by_hash_whatever_their_order():
    rows = pair_rows(FIRST, shuffled(SECOND))
    assert len(rows.labels) == len(FIRST.rows)
    assert (rows.only_first, rows.only_second, rows.conflicts) == (0, 0, 0)
    by_hash = SECOND.rows.set_index("sha256").loc[FIRST.rows.sort_values("sha256")["sha256"]]
    expected = sorted(
        zip(by_hash["label"], by_hash["predicted"], by_hash["confidence"], strict=True)
    )
    names = np.array(rows.class_names)
    found = zip(names[rows.labels], names[rows.predicted[1]], rows.confidence[1], strict=True)
    assert sorted(found) == expected


def test_images_of_only_one_revision_are_counted_and_left_out():
    rows = pair_rows(subset(FIRST, slice(10, None)), subset(SECOND, slice(None, -3)))
    assert len(rows.labels) == len(FIRST.rows) - 13
    assert (rows.only_first, rows.only_second) == (3, 10)


def test_further_faces_are_not_missing_where_the_other_revision_has_whole_images():
    faces = subset(FIRST, np.repeat(np.arange(len(FIRST.rows)), 2))
    number = np.tile(["0", "1"], len(FIRST.rows))
    images = faces.rows["sha256"]
    faces = changed(faces, face=number, image_sha256=images, sha256=images + number)
    rows = pair_rows(faces, SECOND)
    assert len(rows.labels) == len(SECOND.rows)
    assert (rows.only_first, rows.only_second) == (0, 0)


def test_repeated_hashes_are_paired_in_the_order_of_rows():
    hashes = FIRST.rows["sha256"].replace(FIRST.rows["sha256"][1], FIRST.rows["sha256"][0])
    labels = FIRST.rows["label"].where(FIRST.rows.index > 1, "happy")
    one = changed(FIRST, sha256=hashes, label=labels, confidence=np.linspace(0, 1, len(hashes)))
    two = changed(SECOND, sha256=hashes, label=labels, confidence=np.linspace(0, 1, len(hashes)))
    rows = pair_rows(one, two)
    assert len(rows.labels) == len(hashes)
    assert (rows.confidence[0] == rows.confidence[1]).all()
    without_one = pair_rows(one, subset(two, slice(1, None)))
    assert (without_one.only_first, without_one.only_second) == (1, 0)
    assert without_one.confidence[0][0] == one.rows["confidence"][0]


def test_another_order_of_the_rows_pairs_copies_of_an_image_alike():
    one, two = (subset(run, np.repeat(np.arange(len(run.rows)), 3)) for run in (FIRST, SECOND))
    rows, other = pair_rows(one, two), pair_rows(one, shuffled(two))
    assert len(rows.labels) == len(one.rows)
    assert (rows.predicted[1] == other.predicted[1]).all()
    assert (rows.confidence[1] == other.confidence[1]).all()


def test_images_with_another_label_are_counted_and_left_out():
    labels = SECOND.rows["label"].copy()
    labels[:5] = [CLASSES[(CLASSES.index(label) + 1) % 4] for label in labels[:5]]
    rows = pair_rows(FIRST, changed(SECOND, label=labels))
    assert rows.conflicts == 5
    assert len(rows.labels) == len(FIRST.rows) - 5


def test_classes_are_matched_by_name_and_not_by_index():
    rows, other = pair_rows(FIRST, SECOND), pair_rows(FIRST, named(SECOND, CLASSES[::-1]))
    assert (other.predicted[1] == rows.predicted[1]).all()
    assert other.unshared == []


def test_a_class_that_only_one_revision_has_is_named():
    rows = pair_rows(FIRST, named(SECOND, ["contempt", *CLASSES]))
    assert rows.class_names == [*CLASSES, "contempt"]
    assert rows.unshared == ["contempt"]


def test_a_label_that_one_revision_lacks_is_an_error_naming_both_label_maps():
    renamed = named(
        changed(
            SECOND,
            label=SECOND.rows["label"].replace("sad", "sadness"),
            predicted=SECOND.rows["predicted"].replace("sad", "sadness"),
        ),
        ["angry", "happy", "sadness", "surprised"],
    )
    for pair in ((FIRST, renamed), (renamed, FIRST)):
        with user_error(", ".join(CLASSES), "angry, happy, sadness, surprised", "'main'", "'new'"):
            pair_rows(*pair)


def test_no_image_or_no_label_in_common_is_an_error():
    labels = [CLASSES[(CLASSES.index(label) + 1) % 4] for label in SECOND.rows["label"]]
    for other in (make_predictions("new", start=1000), changed(SECOND, label=labels)):
        with user_error("'main'", "'new'"):
            pair_rows(FIRST, other)


def test_groups_that_share_an_image_in_either_revision_are_joined():
    rows = pair_rows(FIRST, SECOND)
    assert rows.group_count == 30
    joined = SECOND.rows["group"].replace({"subject 1": "subject 0", "subject 2": "subject 3"})
    renamed = "another name of " + joined
    rows = pair_rows(FIRST, changed(SECOND, group=renamed))
    assert rows.group_count == 28
    assert sorted(np.bincount(rows.groups))[-2:] == [12, 12]
    chained = changed(FIRST, group=FIRST.rows["group"].replace("subject 3", "subject 0"))
    assert pair_rows(chained, changed(SECOND, group=joined)).group_count == 27
