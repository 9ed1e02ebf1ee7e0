"""A file is found in another spelling only if it is the only one, and after the exact name."""

import unicodedata

import pytest

from emotion.datasets.formats.listings import Listings
from tests.datasets.conftest import touch


def nfc(text):
    return unicodedata.normalize("NFC", text)


def nfd(text):
    return unicodedata.normalize("NFD", text)


def find(root, written):
    folder, _, name = written.rpartition("/")
    path = Listings().find([(root / folder).as_posix()], name)
    return path and path.removeprefix(f"{root.as_posix()}/")


@pytest.mark.parametrize(
    ("on_disk", "written"),
    [
        (nfc("Gefühle/é.jpg"), nfd("Gefühle/é.jpg")),
        (nfd("Gefühle/é.jpg"), nfc("Gefühle/é.jpg")),
        ("Happy/IMG_1.JPG", "happy/img_1.jpg"),
        (nfd("A/B/Ö.png"), nfc("a/b/ö.PNG")),
    ],
)
def test_a_file_is_found_whatever_the_form_and_case_of_its_path(tmp_path, on_disk, written):
    touch(tmp_path, on_disk)
    assert find(tmp_path, written) == on_disk


def test_the_exact_name_and_then_the_exact_case_have_precedence(tmp_path):
    touch(tmp_path, "a.jpg", "A.jpg", nfd("é.jpg"), nfd("É.jpg"))
    for written, found in {"a.jpg": "a.jpg", "A.jpg": "A.jpg", nfc("é.jpg"): nfd("é.jpg")}.items():
        assert find(tmp_path, written) == found


def test_of_several_files_that_differ_in_case_none_is_chosen(tmp_path):
    touch(tmp_path, "a.jpg", "A.jpg", "B/1.jpg", "b/1.jpg", "c.jpg")
    assert find(tmp_path, "a.JPG") is None
    assert find(tmp_path / "x", "1.jpg") is None
    assert find(tmp_path, "x/c.jpg") is None
    touch(tmp_path, "Dd/1.jpg", "dD/1.jpg")
    assert find(tmp_path, "dd/1.jpg") is None


def test_an_exact_name_in_a_later_folder_has_precedence(tmp_path):
    touch(tmp_path, "first/a.jpg", "second/A.jpg")
    folders = [(tmp_path / name).as_posix() for name in ("first", "second")]
    assert Listings().find(folders, "A.jpg").endswith("second/A.jpg")


@pytest.mark.parametrize("folder", ["x/" * 3000, "y" * 5000, "a\0b", "../" * 40])
def test_a_folder_that_cannot_be_is_not_found(tmp_path, folder):
    assert Listings().find([f"{tmp_path.as_posix()}/{folder}"], "1.jpg") is None


def test_a_link_is_what_it_leads_to(tmp_path):
    touch(tmp_path, "real/1.jpg")
    (tmp_path / "Link").symlink_to(tmp_path / "real")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    assert find(tmp_path, "link/1.JPG") == "Link/1.jpg"
    assert find(tmp_path, "BROKEN.jpg") is None
