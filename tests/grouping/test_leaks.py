"""What leaks is counted as a hand would count it, and what goes is never of test."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.grouping.leaks import count_leaks, find_conflicts, find_leaking


def table(columns, *records):
    return pd.DataFrame(list(records), columns=columns.split())


def test_leaks_are_counted_for_each_pair_of_splits():
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


def test_splits_of_other_names_follow_the_usual_ones():
    rows = table("split group subject sha256", *[(s, "g", "ann", "a") for s in ("b", "test", "a")])
    assert list(count_leaks(rows)) == [("test", "a"), ("test", "b"), ("a", "b")]
    assert all(set(counts.values()) == {1} for counts in count_leaks(rows).values())


def test_one_split_leaks_nowhere():
    assert count_leaks(table("split group subject sha256", ("train", "g", "", "a"))) == {}


def test_train_gives_way_to_val_and_test_and_val_to_test():
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
        ("train", "train alone"),
        ("val", "val alone"),
        ("test", "test alone"),
    )
    gone = rows[find_leaking(rows)]
    assert list(gone.itertuples(index=False, name=None)) == [
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
def test_no_row_of_test_goes_and_what_stays_leaks_nowhere(rows):
    leaking = find_leaking(rows)
    assert not (leaking & (rows["split"] == "test")).any()
    kept = rows[~leaking]
    assert (kept.groupby("group")["split"].nunique() <= 1).all()


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_only_rows_of_a_group_on_two_sides_go_and_no_group_goes_whole(rows):
    leaking = find_leaking(rows)
    sides = rows.groupby("group")["split"].transform("nunique")
    assert (sides[leaking] > 1).all()
    assert set(rows.loc[~leaking, "group"]) == set(rows["group"])


def test_the_same_pixels_under_two_labels_are_a_conflict_wherever_they_stand():
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
