"""Class folders are read with and without split folders above them."""

import pytest

from emotion.core.errors import UserError
from emotion.datasets.formats.folder import read_folder


def touch(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def test_the_folder_name_is_the_class(tmp_path):
    root = touch(tmp_path / "corpus", "happy/1.jpg", "Sad/deep/er/2.PNG", "happy/0.webp")
    rows = read_folder(root)
    assert rows[["path", "label"]].to_numpy().tolist() == [
        ["Sad/deep/er/2.PNG", "Sad"],
        ["happy/0.webp", "happy"],
        ["happy/1.jpg", "happy"],
    ]
    assert set(rows["split"]) == set(rows["subject"]) == {""}
    assert set(rows["source"]) == {"corpus"}
    assert not rows["synthetic"].any()


@pytest.mark.parametrize("names", [("train", "valid", "test"), ("Training", "val", "testing")])
def test_split_folders_above_class_folders_give_the_split(tmp_path, names):
    root = touch(tmp_path, *(f"{name}/happy/{name}.jpg" for name in names))
    rows = read_folder(root)
    assert set(rows["split"]) == set(names)
    assert set(rows["label"]) == {"happy"}


def test_files_that_are_not_images_are_ignored(tmp_path):
    root = touch(
        tmp_path, "happy/1.jpg", "happy/._1.jpg", "happy/Thumbs.db", ".cache/2.jpg", "readme.txt"
    )
    assert read_folder(root)["path"].tolist() == ["happy/1.jpg"]


def test_all_images_outside_class_folders_are_reported_at_once(tmp_path):
    root = touch(tmp_path, "happy/1.jpg", "2.jpg", "3.jpg")
    with pytest.raises(UserError, match=r"2 images .* no class folder, first 2\.jpg, 3\.jpg"):
        read_folder(root)
    root = touch(tmp_path / "b", "train/happy/1.jpg", "train/2.jpg")
    with pytest.raises(UserError, match=r"first train/2\.jpg"):
        read_folder(root)


def test_split_folders_mixed_with_class_folders_are_rejected(tmp_path):
    root = touch(tmp_path, "train/happy/1.jpg", "sad/2.jpg")
    with pytest.raises(UserError, match=r"mixes split folders \(train\) with others \(sad\)"):
        read_folder(root)


def test_an_empty_folder_has_no_rows(tmp_path):
    assert read_folder(tmp_path).empty


def test_class_folders_that_are_links_are_read(tmp_path):
    touch(tmp_path / "disk", "sad/1.jpg")
    root = touch(tmp_path / "corpus", "happy/1.jpg")
    (root / "sad").symlink_to(tmp_path / "disk/sad")
    assert read_folder(root)["label"].tolist() == ["happy", "sad"]


def test_split_folders_that_are_links_are_read(tmp_path):
    touch(tmp_path / "disk", "happy/1.jpg")
    root = touch(tmp_path / "corpus", "train/happy/1.jpg")
    (root / "test").symlink_to(tmp_path / "disk")
    assert read_folder(root)["split"].tolist() == ["test", "train"]


def test_a_class_folder_that_links_to_nothing_is_named(tmp_path):
    root = touch(tmp_path, "happy/1.jpg")
    (root / "sad").symlink_to(tmp_path / "unplugged")
    with pytest.raises(UserError, match=r"sad is a link to nothing"):
        read_folder(root)


def test_images_of_every_format_are_listed_also_those_that_cannot_be_read(tmp_path):
    root = touch(tmp_path, "happy/1.jfif", "happy/2.avif", "happy/3.heic", "happy/4.CR2")
    assert len(read_folder(root)) == 4


@pytest.mark.parametrize("above", ["", "train/"])
def test_a_class_folder_without_an_image_is_announced(tmp_path, above, capsys):
    root = touch(tmp_path, f"{above}happy/1.jpg", f"{above}sad/2.jpg", f"{above}sad/deep/notes.txt")
    assert capsys.readouterr().out == ""
    touch(root, f"{above}angry/clip.mp4")
    read_folder(root)
    assert capsys.readouterr().out == f"no image is in {above}angry of {root}\n"
