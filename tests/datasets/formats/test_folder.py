"""Class folders are read with and without split folders above them."""

import pytest

from emotion.datasets.formats.folder import OF_SYSTEMS, read_folder
from tests.datasets.conftest import touch
from tests.user_errors import user_error


def test_the_folder_name_is_the_class(tmp_path):
    root = touch(tmp_path / "dataset", "happy/1.jpg", "Sad/deep/er/2.PNG", "happy/0.webp")
    rows = read_folder(root)
    assert rows[["path", "label"]].to_numpy().tolist() == [
        ["Sad/deep/er/2.PNG", "Sad"],
        ["happy/0.webp", "happy"],
        ["happy/1.jpg", "happy"],
    ]
    assert set(rows["split"]) == set(rows["subject"]) == {""}
    assert set(rows["source"]) == {"dataset"}
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
    with user_error("2 images", "2.jpg, 3.jpg", file=root):
        read_folder(root)
    root = touch(tmp_path / "b", "train/happy/1.jpg", "train/2.jpg")
    with user_error("train/2.jpg", file=root):
        read_folder(root)


def test_split_folders_mixed_with_class_folders_are_rejected(tmp_path):
    root = touch(tmp_path, "train/happy/1.jpg", "sad/2.jpg")
    with user_error("train", "sad", file=root):
        read_folder(root)


def test_folders_without_an_image_beside_split_folders_are_announced(tmp_path, capsys):
    root = touch(
        *(tmp_path, "train/happy/1.jpg", "test/sad/2.jpg", "__MACOSX/train/happy/._1.jpg"),
        *("docs/paper.pdf", "notebooks/.ipynb_checkpoints/a.ipynb", "test/notes/a.txt"),
    )
    (root / "val").mkdir()
    rows = read_folder(root)
    assert rows[["path", "split"]].to_numpy().tolist() == [
        ["test/sad/2.jpg", "test"],
        ["train/happy/1.jpg", "train"],
    ]
    out = capsys.readouterr().out
    for name in ("__MACOSX", "docs", "notebooks", "test/notes", "val"):
        assert name in out


@pytest.mark.parametrize("name", sorted(OF_SYSTEMS))
@pytest.mark.parametrize("above", ["", "happy/", "train/", "train/happy/"])
def test_copies_and_thumbnails_of_the_system_are_no_images(tmp_path, name, above):
    first = "train/happy/1.jpg" if "train" in above else "happy/1.jpg"
    root = touch(tmp_path, first, f"{above}{name}/1.jpg/THUMB.jpg")
    assert read_folder(root)["path"].tolist() == [first]


def test_a_root_inside_a_folder_of_the_system_is_read(tmp_path):
    assert len(read_folder(touch(tmp_path / "__MACOSX", "happy/1.jpg"))) == 1


def test_archives_alone_are_to_be_unpacked(tmp_path):
    with user_error(file=tmp_path, hint="unpack train.zip"):
        read_folder(touch(tmp_path, "train.zip", "readme.txt"))
    assert len(read_folder(touch(tmp_path, "happy/1.jpg"))) == 1


def test_an_empty_folder_has_no_rows(tmp_path):
    assert read_folder(tmp_path).empty


@pytest.mark.parametrize(
    ("image", "link", "target", "expected"),
    [
        ("happy/1.jpg", "sad", "disk/sad", [["happy", ""], ["sad", ""]]),
        ("train/happy/1.jpg", "test", "disk", [["sad", "test"], ["happy", "train"]]),
    ],
)
def test_class_and_split_folders_that_are_links_are_read(tmp_path, image, link, target, expected):
    touch(tmp_path / "disk", "sad/1.jpg")
    root = touch(tmp_path / "dataset", image)
    (root / link).symlink_to(tmp_path / target)
    assert read_folder(root)[["label", "split"]].to_numpy().tolist() == expected


def test_a_class_folder_that_links_to_nothing_is_named(tmp_path):
    root = touch(tmp_path, "happy/1.jpg")
    (root / "sad").symlink_to(tmp_path / "unplugged")
    with user_error(file="sad"):
        read_folder(root)


def test_images_of_every_format_are_listed_also_those_that_cannot_be_read(tmp_path):
    root = touch(tmp_path, "happy/1.jfif", "happy/2.avif", "happy/3.heic", "happy/4.CR2")
    assert len(read_folder(root)) == 4


@pytest.mark.parametrize("above", ["", "train/"])
def test_a_class_folder_without_an_image_is_announced(tmp_path, above, capsys):
    root = touch(tmp_path, f"{above}happy/1.jpg", f"{above}sad/2.jpg", f"{above}sad/deep/notes.txt")
    read_folder(root)
    assert capsys.readouterr().out == ""
    touch(root, f"{above}angry/clip.mp4")
    read_folder(root)
    out = capsys.readouterr().out
    assert f"{above}angry" in out
    assert "sad" not in out
