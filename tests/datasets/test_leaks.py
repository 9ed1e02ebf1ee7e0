"""Leak counts match counts by hand, and no row of test is dropped."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.datasets.groups import group_images
from emotion.datasets.leaks import (
    count_leaks,
    count_repeated,
    describe_leak,
    find_conflicts,
    find_leaking,
)

BITS = 16


def table(columns, *records):
    return pd.DataFrame(list(records), columns=columns.split())


def test_leaks_are_counted_per_pair_of_splits():
    rows = table(
        "split group subject sha256",
        ("test", "g1", "ann", "a"),
        ("train", "g1", "ann", "b"),
        ("train", "g1", "ann", "c"),
        ("train", "g1", "", "a"),
        ("val", "g2", "bob", "d"),
        ("test", "g2", "bob", "e"),
        ("test", "g2", "", "d"),
        ("train", "g3", "", "f"),
        ("val", "g3", "", "f"),
        ("val", "g3", "", "f"),
        ("train", "g4", "cy", "g"),
        ("test", "g5", "", "h"),
    )
    assert count_leaks(rows) == {
        ("train", "val"): {"rows": 1, "groups": 1, "subjects": 0, "images": 1},
        ("train", "test"): {"rows": 3, "groups": 1, "subjects": 1, "images": 1},
        ("val", "test"): {"rows": 1, "groups": 1, "subjects": 1, "images": 1},
    }


def test_splits_with_other_names_follow_the_usual_ones():
    rows = table("split group subject sha256", *[(s, "g", "ann", "a") for s in ("b", "test", "a")])
    assert list(count_leaks(rows)) == [("test", "a"), ("test", "b"), ("a", "b")]
    assert all(set(counts.values()) == {1} for counts in count_leaks(rows).values())


def test_the_order_of_other_names_can_be_given():
    rows = table("split group subject sha256", *[(s, "g", "", "a") for s in ("b", "c", "a")])
    assert list(count_leaks(rows, ["c", "b"])) == [("c", "b"), ("c", "a"), ("b", "a")]


def test_a_single_split_has_no_leaks():
    assert count_leaks(table("split group subject sha256", ("train", "g", "", "a"))) == {}


def flipped(seed, bits):
    """A hash of 256 bits from the seed, with so many of its first bits changed."""
    values = np.unpackbits(np.random.default_rng(seed).integers(0, 256, 32, dtype=np.uint8))
    values[:bits] ^= 1
    return np.packbits(values).tobytes()


def grouped(*records):
    """Rows with groups, and their near-duplicates, from (split, subject, seed, changed bits).

    Rows with equal seed and bits have identical pixels, unless the bits are negative: those have
    the hash of no changed bits, but their own pixels.
    """
    rows = table("split subject seed bits", *records)
    pixels = [hashlib.sha256(f"{seed} {bits}".encode()) for _, _, seed, bits in records]
    rows = rows.assign(
        path=[f"{number}.png" for number in range(len(rows))],
        label="happy",
        sha256=[digest.hexdigest() for digest in pixels],
        phash=[flipped(seed, max(bits, 0)) for _, _, seed, bits in records],
    )
    grouping = group_images(rows, BITS)
    return rows.assign(group=grouping.names), grouping.near


def test_rows_of_the_second_split_are_counted_by_how_they_stand_in_the_first():
    rows, near = grouped(
        ("train", "ann", 1, 0),
        ("train", "ann", 1, 0),
        ("train", "", 2, 0),
        ("test", "", 1, 0),  # identical, twice in train
        ("test", "", 1, 0),  # identical
        ("test", "", 2, 10),  # near
        ("test", "", 2, -1),  # near: the same hash, but other pixels
        ("test", "", 2, 20),  # near to the row above with 10 bits, but not to train
        ("test", "ann", 3, 0),  # another image of a person of train
        ("test", "bob", 4, 0),
    )
    assert count_repeated(rows, near) == {
        ("train", "test"): {
            "second_rows": 7,
            "second_identical": 2,
            "second_near": 2,
            "second_linked": 6,
            "second_subject_rows": 1,
            "second_subjects": 2,
        }
    }


def test_a_row_that_is_identical_is_not_counted_as_near_too():
    rows, near = grouped(("train", "", 1, 0), ("train", "", 1, 5), ("test", "", 1, 0))
    counts = count_repeated(rows, near)["train", "test"]
    assert (counts["second_identical"], counts["second_near"]) == (1, 0)


RECORD = st.tuples(
    st.sampled_from(["train", "val", "test"]),
    st.sampled_from(["", "", "ann", "bob", "cy"]),
    st.integers(0, 3),
    st.sampled_from([-2, -1, 0, 6, 10, 16, 20, 26, 32, 40]),
)


def count_by_merges(rows, first, second):
    """Counts from joins of all rows of two splits, and from the distances of all pairs."""
    a, b = (rows[rows["split"] == split].reset_index() for split in (first, second))
    pairs = a.merge(b, how="cross", suffixes=("", "_b"))
    left, right = (
        np.stack([np.frombuffer(h, np.uint8) for h in pairs[c]]) for c in ("phash", "phash_b")
    )
    distance = np.unpackbits(left ^ right, axis=1).sum(axis=1)
    identical = set(pairs.loc[pairs["sha256"] == pairs["sha256_b"], "index_b"])
    near = set(pairs.loc[distance <= BITS, "index_b"]) - identical
    of_subject = (pairs["subject"] == pairs["subject_b"]) & (pairs["subject"] != "")
    return {
        "second_rows": len(b),
        "second_identical": len(identical),
        "second_near": len(near),
        "second_linked": pairs.loc[pairs["group"] == pairs["group_b"], "index_b"].nunique(),
        "second_subject_rows": pairs.loc[of_subject, "index_b"].nunique(),
        "second_subjects": len(set(b["subject"]) - {""}),
    }


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=25))
def test_counts_of_the_second_split_equal_joins_of_all_pairs_of_rows(records):
    rows, near = grouped(*records)
    found = count_repeated(rows, near)
    assert list(found) == list(count_leaks(rows))
    for (first, second), counts in found.items():
        assert counts == count_by_merges(rows, first, second)


def test_leaks_are_described_in_rows_with_shares():
    counts = {
        "groups": 301,
        "rows": 1320,
        "subjects": 12,
        "images": 288,
        "second_rows": 3589,
        "second_identical": 288,
        "second_near": 1,
        "second_linked": 344,
        "second_subject_rows": 55,
        "second_subjects": 40,
    }
    assert describe_leak(("train", "test"), counts) == [
        "train and test: 301 groups, with 1,320 train rows and 344 test rows",
        "288 of 3,589 test rows (8.0 %) stand identically in train",
        "1 of 3,589 test rows (0.0 %) has a near-duplicate in train, but no identical image",
        "12 of 40 people of test also stand in train, with 55 of its 3,589 rows (1.5 %)",
    ]


def test_kinds_of_leak_that_do_not_occur_are_not_described():
    rows, near = grouped(("train", "", 1, 0), ("test", "", 1, 0))
    counts = count_leaks(rows)["train", "test"] | count_repeated(rows, near)["train", "test"]
    assert describe_leak(("train", "test"), counts) == [
        "train and test: 1 group, with 1 train row and 1 test row",
        "1 of 1 test rows (100.0 %) stands identically in train",
    ]


def test_rows_leak_from_train_to_val_and_test_and_from_val_to_test():
    rows = table(
        "split group",
        ("train", "in test"),
        ("test", "in test"),
        ("train", "in val"),
        ("val", "in val"),
        ("val", "in val and test"),
        ("test", "in val and test"),
        ("train", "everywhere"),
        ("val", "everywhere"),
        ("test", "everywhere"),
        ("train", "only train"),
        ("val", "only val"),
        ("test", "only test"),
    )
    dropped = rows[find_leaking(rows)]
    assert list(dropped.itertuples(index=False, name=None)) == [
        ("train", "in test"),
        ("train", "in val"),
        ("val", "in val and test"),
        ("train", "everywhere"),
        ("val", "everywhere"),
    ]


ROWS = st.lists(
    st.tuples(st.sampled_from(["train", "val", "test"]), st.integers(0, 12).map("g{}".format)),
    max_size=40,
).map(lambda records: table("split group", *records))


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_no_row_of_test_is_dropped_and_the_kept_rows_have_no_leaks(rows):
    leaking = find_leaking(rows)
    assert not (leaking & (rows["split"] == "test")).any()
    kept = rows[~leaking]
    assert (kept.groupby("group")["split"].nunique() <= 1).all()


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_only_rows_of_groups_in_two_splits_are_dropped_and_no_whole_group(rows):
    leaking = find_leaking(rows)
    splits = rows.groupby("group")["split"].transform("nunique")
    assert (splits[leaking] > 1).all()
    assert set(rows.loc[~leaking, "group"]) == set(rows["group"])


def test_all_rows_with_identical_pixels_and_two_labels_are_conflicts():
    rows = table(
        "sha256 label",
        ("a", "sad"),
        ("b", "sad"),
        ("a", "happy"),
        ("c", "happy"),
        ("c", "happy"),
        ("a", "sad"),
    )
    assert find_conflicts(rows).tolist() == [True, False, True, False, False, True]
