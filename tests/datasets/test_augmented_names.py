"""Augmented copies are found by name; originals in the same folder take precedence."""

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.datasets.augmented_names import name_originals, original_stem

COPIES = {  # stem of the original to names of copies
    "name": ["name_aug_3_ab12.jpg", "a/b/name_aug_3_ab12.jpg"],
    "x": ["x-aug-1.png", "x aug 1.png", "x_aug.png", "x_aug1.png", "x_augmented_02.webp"]
    + ["x__aug__7.jpg", "x_aug_1_aug_2.jpg"],
    "X": ["X_AUG_1.PNG"],
    "S010_004_00000017": ["S010_004_00000017_aug_0.png"],
    "my august": ["my august_aug_1.jpg"],
    "é, ü": ["é, ü_aug_1.jpg"],
    "v1.2": ["v1.2_aug_1.jpg"],
}
NO_COPIES = [
    *("name.jpg", "august_1.jpg", "my_august_1.jpg", "faug.jpg", "x_faug_1.jpg", "aug_1.jpg"),
    *("aug.jpg", "x_aug/001.jpg", "x_augment3d.jpg", "inaugural-1.png", ""),
]


@pytest.mark.parametrize("stem", COPIES)
def test_the_name_of_a_copy_gives_the_stem_of_its_original(stem):
    assert {original_stem(path) for path in COPIES[stem]} == {stem}


@pytest.mark.parametrize("path", NO_COPIES)
def test_a_name_similar_to_that_of_a_copy_is_not_a_copy(path):
    assert original_stem(path) is None


@pytest.mark.parametrize("tail", [" (1)", ".2", "!"])
def test_a_name_of_many_parts_is_matched_without_backtracking(tail):
    start = time.perf_counter()
    assert original_stem("x_aug" + "_a" * 26 + tail + ".jpg") is None
    assert time.perf_counter() - start < 1


def keys_of(*rows):
    """Map paths of rows (path, label) to keys; also checks which rows are copies."""
    paths, labels = (pd.Series(list(column)) for column in zip(*rows, strict=True))
    is_copy, keys = name_originals(paths, labels)
    assert is_copy.tolist() == [original_stem(path) is not None for path in paths]
    return dict(zip(paths, keys, strict=True))


def test_only_copies_and_the_original_in_their_folder_share_a_key():
    keys = keys_of(
        ("happy/001.jpg", "happy"),
        ("happy/001_aug_1.png", "happy"),
        ("happy/001_aug_2.png", "happy"),
        ("happy/002.jpg", "happy"),
        ("sad/001.jpg", "sad"),
    )
    assert keys["happy/001.jpg"] == keys["happy/001_aug_1.png"] == keys["happy/001_aug_2.png"] != ""
    assert keys["happy/002.jpg"] == keys["sad/001.jpg"] == ""


def test_a_copy_without_original_in_its_folder_has_the_key_of_its_label():
    keys = keys_of(
        ("train/happy/001_aug_1.jpg", "happy"),
        ("test/happy/001.jpg", "happy"),
        ("test/sad/001.jpg", "sad"),
    )
    assert keys["train/happy/001_aug_1.jpg"] == keys["test/happy/001.jpg"] != ""
    assert keys["test/sad/001.jpg"] == ""


def test_copies_without_any_original_share_a_key():
    keys = keys_of(
        ("a/7_aug_1.jpg", "sad"),
        ("b/7_aug_2.jpg", "sad"),
        ("a/8_aug_1.jpg", "sad"),
        ("a/7_aug_3.jpg", "happy"),
    )
    assert keys["a/7_aug_1.jpg"] == keys["b/7_aug_2.jpg"] != ""
    assert len(set(keys.values()) - {""}) == 3


def test_equal_stems_in_two_folders_stay_apart_if_each_has_its_own_original():
    keys = keys_of(
        ("train/happy/001.jpg", "happy"),
        ("train/happy/001_aug_1.jpg", "happy"),
        ("test/happy/001.jpg", "happy"),
        ("test/happy/001_aug_1.jpg", "happy"),
    )
    assert keys["train/happy/001.jpg"] == keys["train/happy/001_aug_1.jpg"]
    assert keys["test/happy/001.jpg"] == keys["test/happy/001_aug_1.jpg"]
    assert keys["train/happy/001.jpg"] != keys["test/happy/001.jpg"]


def test_a_copy_with_two_possible_originals_joins_both_with_all_their_copies():
    keys = keys_of(
        ("train/happy/001.jpg", "happy"),
        ("train/happy/001_aug_1.jpg", "happy"),
        ("test/happy/001.jpg", "happy"),
        ("more/happy/001_aug_9.jpg", "happy"),
    )
    assert len(set(keys.values())) == 1


def test_a_copy_with_another_label_stays_with_its_original():
    keys = keys_of(
        ("all/001.jpg", "happy"),
        ("all/001_aug_1.jpg", "sad"),
        ("more/001_aug_2.jpg", "happy"),
    )
    assert len(set(keys.values())) == 1


def test_without_copies_no_row_has_a_key():
    is_copy, keys = name_originals(pd.Series(["a/1.jpg", "a/2.jpg"]), pd.Series(["sad", "sad"]))
    assert not is_copy.any()
    assert keys.tolist() == ["", ""]


FILES = st.tuples(
    st.sampled_from(["train/happy", "train/sad", "test/happy", "flat"]),
    st.sampled_from("123"),
    st.sampled_from(["", "_aug_1", "_aug_2"]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(FILES, st.sampled_from(["happy", "sad"]), min_size=1),
    st.randoms(use_true_random=False),
)
def test_every_copy_shares_the_key_of_its_original_in_any_row_order(files, random):
    rows = [(f"{folder}/{stem}{mark}.jpg", label) for (folder, stem, mark), label in files.items()]
    keys = keys_of(*rows)
    for (folder, stem, mark), label in files.items():
        if not mark:
            continue
        same_folder = [(folder, stem, "")] if (folder, stem, "") in files else []
        of_label = [f for f, other in files.items() if f[1:] == (stem, "") and other == label]
        for home, original, _ in same_folder or of_label:
            assert keys[f"{folder}/{stem}{mark}.jpg"] == keys[f"{home}/{original}.jpg"] != ""
    random.shuffle(rows)
    assert keys_of(*rows) == keys
