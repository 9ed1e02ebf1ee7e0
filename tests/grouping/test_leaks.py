"""Leak counts match counts by hand, and no row of test is dropped."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.grouping.leaks import count_leaks, find_conflicts, find_leaking


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


def test_a_single_split_has_no_leaks():
    assert count_leaks(table("split group subject sha256", ("train", "g", "", "a"))) == {}


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
