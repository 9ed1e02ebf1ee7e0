"""Leak counts match counts by hand, and no row of test is dropped."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.data.manifest import SPLITS
from emotion.datasets.groups import group_images
from emotion.datasets.leaks import count_leaks, describe_leak, find_conflicts, find_leaking
from emotion.datasets.near_duplicates import Pairs

BITS = 16
NO_PAIRS = Pairs(*np.empty((4, 0), dtype=np.int64))


def table(columns, *records):
    return pd.DataFrame(list(records), columns=columns.split())


def count(*records, order=SPLITS):
    """Counts of rows without near-duplicates; only those that do not start with second_."""
    counts = count_leaks(table("split group subject sha256", *records), NO_PAIRS, order)
    return {
        pair: {key: number for key, number in found.items() if not key.startswith("second_")}
        for pair, found in counts.items()
    }


def test_leaks_are_counted_per_pair_of_splits():
    assert count(
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
    ) == {
        ("train", "val"): {"rows": 1, "groups": 1, "subjects": 0, "images": 1},
        ("train", "test"): {"rows": 3, "groups": 1, "subjects": 1, "images": 1},
        ("val", "test"): {"rows": 1, "groups": 1, "subjects": 1, "images": 1},
    }


@pytest.mark.parametrize(
    ("names", "order", "pairs"),
    [
        ("b test a", SPLITS, [("test", "a"), ("test", "b"), ("a", "b")]),
        ("b c a", ["c", "b"], [("c", "b"), ("c", "a"), ("b", "a")]),
        ("train", SPLITS, []),
    ],
)
def test_other_names_follow_those_of_the_order_alphabetically(names, order, pairs):
    counts = count(*[(name, "g", "ann", "a") for name in names.split()], order=order)
    assert list(counts) == pairs
    assert all(set(found.values()) == {1} for found in counts.values())


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
    for (first, second), counts in count_leaks(rows, near).items():
        assert counts.items() >= count_by_merges(rows, first, second).items()


def test_a_mirrored_copy_of_a_test_image_in_train_is_a_near_duplicate():
    rows, _ = grouped(("train", "", 1, 0), ("test", "", 2, 0), ("test", "", 3, 0))
    bits = np.unpackbits(np.frombuffer(rows.loc[0, "phash"], np.uint8)).reshape(16, 16)
    bits[:, 1::2] ^= 1
    rows.at[1, "phash"] = np.packbits(bits).tobytes()
    grouping = group_images(rows, BITS)
    counts = count_leaks(rows.assign(group=grouping.names), grouping.near)["train", "test"]
    assert (counts["second_identical"], counts["second_near"]) == (0, 1)
    assert counts["groups"] == 1


def test_leaks_are_described_in_rows_with_shares():
    counts = {"groups": 301, "rows": 1320, "subjects": 12, "second_rows": 3589}
    counts |= {"second_identical": 288, "second_near": 1, "second_linked": 344}
    counts |= {"second_subject_rows": 55, "second_subjects": 40}
    totals, *kinds = describe_leak(("train", "test"), counts)
    for part in ("train and test", "301 groups", "1,320 train rows", "344 test rows"):
        assert part in totals
    numbers = ["288 of 3,589 test rows (8.0 %)", "1 of 3,589 test rows (0.0 %)", "12 of 40 people"]
    assert [kind.startswith(part) for kind, part in zip(kinds, numbers, strict=True)] == [True] * 3
    assert "55 of its 3,589 rows (1.5 %)" in kinds[2]


def test_kinds_of_leak_that_do_not_occur_are_not_described():
    rows, near = grouped(("train", "", 1, 0), ("test", "", 1, 0))
    totals, *kinds = describe_leak(("train", "test"), count_leaks(rows, near)["train", "test"])
    assert "1 group," in totals
    assert [kind[:16] for kind in kinds] == ["1 of 1 test rows"]


ROWS = st.lists(
    st.tuples(st.sampled_from(["train", "val", "test"]), st.integers(0, 12).map("g{}".format)),
    max_size=40,
).map(lambda records: table("split group", *records))


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_rows_of_test_are_kept_those_of_val_too_unless_they_leak_from_test(rows):
    leaking = find_leaking(rows)
    groups = {split: set(part["group"]) for split, part in rows[leaking].groupby("split")}
    assert "test" not in groups
    assert groups.get("val", set()) <= set(rows.loc[rows["split"] == "test", "group"])
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
