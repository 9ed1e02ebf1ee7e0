"""The file names of CK+ contain the subject."""

from emotion.datasets.formats.ckplus import read_ckplus
from tests.datasets.conftest import touch
from tests.datasets.formats.conftest import table_of
from tests.user_errors import user_error


def test_subject_comes_from_the_file_name_and_label_from_the_folder(tmp_path):
    paths = [
        "anger/S999_001_00000018.png",
        "anger/of_S010_004_00000017.png",
        "happy/S010_006_00000013.png",
    ]
    assert read_ckplus(touch(tmp_path, *paths)).to_dict("list") == table_of(
        "ckplus",
        path=paths,
        label=["anger", "anger", "happy"],
        split=[""] * 3,
        subject=["S999", "", "S010"],
    )


def test_class_folders_of_another_dataset_are_rejected(tmp_path):
    root = touch(tmp_path, "happy/1.png", "sad/2.png")
    with user_error("S010_004_00000017.png", "happy/1.png", file=root, hint="data.format"):
        read_ckplus(root)


def test_an_empty_folder_has_no_rows(tmp_path):
    assert read_ckplus(tmp_path).empty
