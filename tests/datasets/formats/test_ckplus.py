"""The file names of CK+ contain the subject."""

import pytest

from emotion.core.errors import UserError
from emotion.datasets.formats.ckplus import read_ckplus


def touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def test_subject_comes_from_the_file_name_and_label_from_the_folder(tmp_path):
    root = touch(
        tmp_path,
        "happy/S010_006_00000013.png",
        "anger/S999_001_00000018.png",
        "anger/of_S010_004_00000017.png",
    )
    assert read_ckplus(root).to_dict("list") == {
        "path": [
            "anger/S999_001_00000018.png",
            "anger/of_S010_004_00000017.png",
            "happy/S010_006_00000013.png",
        ],
        "label": ["anger", "anger", "happy"],
        "split": ["", "", ""],
        "subject": ["S999", "", "S010"],
        "source": ["ckplus"] * 3,
        "synthetic": [False] * 3,
    }


def test_class_folders_of_another_corpus_are_rejected(tmp_path):
    with pytest.raises(UserError, match=r"S010_004_00000017\.png, first happy/1\.png; .* folder"):
        read_ckplus(touch(tmp_path, "happy/1.png", "sad/2.png"))


def test_an_empty_folder_has_no_rows(tmp_path):
    assert read_ckplus(tmp_path).empty
