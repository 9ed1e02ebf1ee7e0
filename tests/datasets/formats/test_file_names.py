"""File names that no table can have are named, before a table is made of them."""

import json
import os
from pathlib import Path

import pandas as pd

from emotion.datasets.formats.affectnet import read_affectnet
from emotion.datasets.formats.emoset import read_emoset
from emotion.datasets.formats.file_names import is_encodable
from emotion.datasets.formats.resolve_path import resolve_paths
from tests.datasets.conftest import touch
from tests.user_errors import user_error

LATIN = b"caf\xe9"


def test_only_lone_surrogates_are_not_encodable():
    assert all(map(is_encodable, ["", "a.jpg", "é.jpg", "😀.jpg", "\uffff"]))
    assert not any(map(is_encodable, [os.fsdecode(LATIN), "\ud800", "a\udfffb"]))


def test_the_images_of_affectnet_are_named(tmp_path):
    touch(tmp_path, "train_set/images/1.jpg", "train_set/annotations/1_exp.npy")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/train_set/images/" + LATIN + b".jpg")).touch()
    with user_error("caf\\udce9", hint="rename"):
        read_affectnet(tmp_path)


def test_the_folder_of_the_dataset_is_named(tmp_path):
    root = tmp_path / os.fsdecode(LATIN)
    with user_error("caf\\udce9", hint="rename"):
        resolve_paths(pd.Series(["1.jpg"]), root / "labels.csv", root)


def test_an_entry_of_emoset_without_text_is_a_row_without_path(tmp_path):
    good = ["joy", "1", "1.jpg", ""]
    for split in ("train", "val", "test"):
        entries = [good, ["joy", "2", "\ud800.jpg", ""], ["\udfff", "3", "3.jpg", ""]]
        (tmp_path / f"{split}.json").write_text(json.dumps(entries))
    assert read_emoset(tmp_path)["path"].tolist() == ["1.jpg", "", ""] * 3
