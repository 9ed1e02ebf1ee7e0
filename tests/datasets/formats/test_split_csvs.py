"""Three tables form one dataset, and the file determines the split."""

import pytest

from emotion.datasets.formats.split_csvs import read_split_csvs
from tests.datasets.conftest import touch
from tests.user_errors import user_error


@pytest.fixture
def read(tmp_path):
    def read_texts(**tables):
        root = touch(tmp_path / "faces")
        for name, text in tables.items():
            (root / f"{name}.csv").write_text(text)
        return read_split_csvs(root)

    return read_texts


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_the_file_determines_the_split_and_a_split_column_is_ignored(read, val):
    rows = read(
        test="path,label,split\n3.jpg,sad,train\n",
        train="path,label\n1.jpg,happy\n2.jpg,sad\n",
        **{val: "path,label\n4.jpg,happy\n"},
    )
    assert rows[["path", "label", "split"]].to_numpy().tolist() == [
        ["1.jpg", "happy", "train"],
        ["2.jpg", "sad", "train"],
        ["4.jpg", "happy", "val"],
        ["3.jpg", "sad", "test"],
    ]
    assert rows.index.tolist() == [0, 1, 2, 3]
    assert set(rows["source"]) == {"faces"}


def test_val_is_optional_but_train_and_test_are_required(read):
    with user_error(file="test.csv", hint="train.csv and test.csv"):
        read(train="path,label\n1.jpg,a\n")
    rows = read(test="path,label\n2.jpg,a\n")
    assert rows["split"].tolist() == ["train", "test"]


def test_two_validation_files_are_rejected(read):
    table = "path,label\n1.jpg,a\n"
    with user_error("val.csv", "valid.csv", file="faces"):
        read(train=table, test=table, val=table, valid=table)


def test_columns_missing_in_one_file_are_filled(read):
    rows = read(
        train="path,label,subject,age,synthetic,votes_sad\n1.jpg,a,ann,30,yes,2\n",
        test="path,label\n2.jpg,b\n",
    )
    assert rows["subject"].tolist() == ["ann", ""]
    assert rows["age"].tolist() == ["30", ""]
    assert rows["synthetic"].tolist() == [True, False]
    assert rows["synthetic"].dtype == bool
    assert rows["votes_sad"].tolist() == [2, 0]
    assert rows["votes_sad"].dtype == int


def test_repeated_images_are_kept_for_the_caller(read):
    rows = read(
        train="path,label\n1.jpg,a\n1.jpg,a\n",
        test="path,label\n1.jpg,a\n",
    )
    assert rows["path"].tolist() == ["1.jpg"] * 3


def test_an_error_names_the_file(read):
    good = "path,label\n1.jpg,a\n"
    with user_error("label", "it has path, mood", file="test.csv"):
        read(train=good, test="path,mood\n1.jpg,a\n")
    with user_error("synthetic", "'maybe' (line 2)", file="test.csv"):
        read(train=good, test="path,label,synthetic\n1.jpg,a,maybe\n")
