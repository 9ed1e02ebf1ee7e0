"""The list of RAF-DB gives labels, splits and the names of the aligned faces."""

import pytest

from emotion.core.errors import UserError
from emotion.datasets.formats.rafdb import read_rafdb


def make(root, text, list_file="EmoLabel/list_patition_label.txt", folder="Image/aligned"):
    (root / list_file).parent.mkdir(parents=True, exist_ok=True)
    (root / list_file).write_text(text)
    (root / folder).mkdir(parents=True)
    return root


def test_a_line_becomes_a_row(tmp_path):
    root = make(tmp_path, "train_00001.jpg 5\ntrain_00002.jpg 4\ntest_0001.jpg 7\n")
    assert read_rafdb(root).to_dict("list") == {
        "path": [
            "Image/aligned/train_00001_aligned.jpg",
            "Image/aligned/train_00002_aligned.jpg",
            "Image/aligned/test_0001_aligned.jpg",
        ],
        "label": ["Sadness", "Happiness", "Neutral"],
        "split": ["train", "train", "test"],
        "subject": ["", "", ""],
        "source": ["rafdb"] * 3,
        "synthetic": [False] * 3,
    }


def test_every_code_maps_to_its_word(tmp_path):
    root = make(tmp_path, "".join(f"train_{code}.jpg {code}\n" for code in range(1, 8)))
    words = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]
    assert read_rafdb(root)["label"].tolist() == words


@pytest.mark.parametrize(
    "list_file",
    ["list_patition_label.txt", "list_partition_label.txt", "EmoLabel/list_partition_label.txt"],
)
def test_other_file_names_and_folders_are_found(tmp_path, list_file):
    root = make(tmp_path, "\ufefftrain_1.jpg\t5 \r\n\r\n", list_file, "aligned")
    rows = read_rafdb(root)
    assert rows[["path", "label"]].to_numpy().tolist() == [
        ["aligned/train_1_aligned.jpg", "Sadness"]
    ]


def test_lines_of_another_form_keep_their_rows(tmp_path):
    root = make(tmp_path, "train_1.jpg 5\ntrain_2.jpg 8\ntrain_3.jpg\nother.jpg 1 2\n")
    rows = read_rafdb(root)
    assert rows["label"].tolist() == ["Sadness", "8", "", "1 2"]
    assert rows["split"].tolist() == ["train", "train", "train", "other.jpg"]


def test_missing_parts_are_named(tmp_path):
    with pytest.raises(UserError, match=r"none of EmoLabel/list_patition_label\.txt, .*data\.root"):
        read_rafdb(tmp_path)
    (tmp_path / "list_patition_label.txt").write_text("train_1.jpg 5\n")
    with pytest.raises(UserError, match="has no Image/aligned or aligned"):
        read_rafdb(tmp_path)


def test_a_list_of_another_form_is_rejected(tmp_path):
    root = make(tmp_path, "train_1.jpg;5\n")
    with pytest.raises(UserError, match=r"no line such as `train_00001\.jpg 5`"):
        read_rafdb(root)
