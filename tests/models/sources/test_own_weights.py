"""A file of the user's is taken from one folder only, which DVC watches."""

import pytest

from emotion.core.errors import UserError
from emotion.models.sources.own_weights import locate_own_file


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
        assert locate_own_file("pretrained", path, folder).as_posix() == "data/weights/a.pth"


@pytest.mark.parametrize(
    "path",
    [
        "outside.pth",
        "../x.pth",
        "data/weights/../../outside.pth",
        "/etc/passwd",
        "data/weights",
        "~",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_with_the_cure(folder, path):
    """Replaced or deleted there, it would not make a stage stale; its path would be published."""
    with pytest.raises(UserError, match=r"train\.teacher is .*is not in data/weights; .*copy or l"):
        locate_own_file("train.teacher", path, folder)


def test_the_absolute_path_of_the_folder_is_refused_too(folder, tmp_path):
    with pytest.raises(UserError, match=r"set pretrained to data/weights/a\.pth"):
        locate_own_file("pretrained", str(tmp_path / folder / "a.pth"), folder)


@pytest.mark.parametrize("path", ["data/weights/b.pth", "data/weights/a.pth/x", "data/weights/\0"])
def test_what_is_no_file_is_named(folder, path):
    with pytest.raises(UserError, match="is not a file; use x or copy or link"):
        locate_own_file("pretrained", path, folder, "use x or ")
