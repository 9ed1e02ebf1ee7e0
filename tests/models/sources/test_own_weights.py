"""A file of the user's is taken from one folder only, which DVC tracks."""

import pytest

from emotion.models.sources.own_weights import locate_own
from tests.user_errors import user_error


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "weights"
    path.mkdir(parents=True)
    (path / "a.pth").touch()
    (tmp_path / "outside.pth").touch()
    return path.relative_to(tmp_path)


def test_a_file_of_the_folder_is_found_by_a_relative_path(folder):
    for path in ("data/weights/a.pth", "./data//weights/../weights/a.pth"):
        assert locate_own("pretrained", path, folder).as_posix() == "data/weights/a.pth"


@pytest.mark.parametrize(
    "path",
    ["outside.pth", "../x.pth", "data/weights/../../outside.pth", "/etc/passwd"]
    + ["data/weights", "~"],
)
def test_a_path_outside_the_folder_is_rejected_with_the_folder(folder, path):
    """Replaced or deleted there, it would not make a stage stale; its path would be published."""
    with user_error(repr(path), "data/weights", key="train.teacher", hint="data/weights"):
        locate_own("train.teacher", path, folder)


def test_the_absolute_path_of_the_folder_is_rejected_with_the_relative_one(folder, tmp_path):
    with user_error(key="pretrained", hint="data/weights/a.pth"):
        locate_own("pretrained", str(tmp_path / folder / "a.pth"), folder)


@pytest.mark.parametrize("path", ["data/weights/b.pth", "data/weights/a.pth/x", "data/weights/\0"])
def test_a_path_without_a_file_is_rejected_with_the_other_values(folder, path):
    with user_error(key="pretrained", hint="use x or "):
        locate_own("pretrained", path, folder, "use x or ")


def test_a_folder_in_place_of_a_file_is_called_a_folder(folder):
    with user_error("'data/weights/more'", "folder", key="pretrained", hint="use x or name"):
        (folder / "more").mkdir()
        locate_own("pretrained", "data/weights/more", folder, "use x or ")
