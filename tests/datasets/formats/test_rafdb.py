"""The list of RAF-DB gives labels, splits and the names of the aligned faces."""

import pytest

from emotion.datasets.formats.codes import COLUMNS as CODES
from emotion.datasets.formats.rafdb import read_rafdb
from tests.datasets.formats.conftest import table_of
from tests.user_errors import user_error

LISTS = [
    "EmoLabel/list_patition_label.txt",
    "EmoLabel/list_partition_label.txt",
    "list_patition_label.txt",
    "list_partition_label.txt",
]
FOLDERS = ["Image/aligned", "aligned"]


def make(root, text, list_file=LISTS[0], folder=FOLDERS[0]):
    (root / list_file).parent.mkdir(parents=True, exist_ok=True)
    (root / list_file).write_text(text)
    (root / folder).mkdir(parents=True)
    return root


def test_a_line_becomes_a_row(tmp_path):
    root = make(tmp_path, "train_00001.jpg 5\ntrain_00002.jpg 4\ntest_0001.jpg 7\n")
    names = ["train_00001", "train_00002", "test_0001"]
    assert read_rafdb(root).drop(columns=list(CODES)).to_dict("list") == table_of(
        "rafdb",
        path=[f"Image/aligned/{name}_aligned.jpg" for name in names],
        label=["Sadness", "Happiness", "Neutral"],
        split=["train", "train", "test"],
    )


def test_every_code_maps_to_its_word(tmp_path):
    root = make(tmp_path, "".join(f"train_{code}.jpg {code}\n" for code in range(1, 8)))
    words = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]
    assert read_rafdb(root)["label"].tolist() == words


@pytest.mark.parametrize("list_file", LISTS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_known_file_name_and_folder_is_found(tmp_path, list_file, folder):
    rows = read_rafdb(make(tmp_path, "\ufefftrain_1.jpg\t5 \r\n\r\n", list_file, folder))
    assert rows[["path", "label"]].to_numpy().tolist() == [
        [f"{folder}/train_1_aligned.jpg", "Sadness"]
    ]


def test_lines_of_another_form_keep_their_rows(tmp_path):
    root = make(tmp_path, "train_1.jpg 5\ntrain_2.jpg 8\ntrain_3.jpg\nother.jpg 1 2\n")
    rows = read_rafdb(root)
    assert rows["label"].tolist() == ["Sadness", "8", "", "1 2"]
    assert rows["split"].tolist() == ["train", "train", "train", "other.jpg"]


def test_missing_parts_are_named(tmp_path):
    with user_error(*LISTS, file=tmp_path, hint="data.root"):
        read_rafdb(tmp_path)
    (tmp_path / LISTS[-1]).write_text("train_1.jpg 5\n")
    with user_error(*FOLDERS, file=tmp_path, hint="data.root"):
        read_rafdb(tmp_path)


def test_a_list_of_another_form_is_rejected(tmp_path):
    with user_error("train_00001.jpg 5", file=LISTS[0]):
        read_rafdb(make(tmp_path, "train_1.jpg;5\n"))
