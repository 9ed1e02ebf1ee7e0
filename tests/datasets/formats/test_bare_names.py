"""Names without a folder are found anywhere below the root, unless that would be a guess."""

import unicodedata

import pandas as pd
import pytest

from emotion.datasets.formats import bare_names
from emotion.datasets.formats.resolve_path import resolve_paths
from tests.datasets.conftest import touch


@pytest.fixture
def resolve(tmp_path):
    """Resolve names in a table that lies beside the root."""

    def run(*written):
        return resolve_paths(pd.Series(written, dtype=str), tmp_path / "t.csv", tmp_path / "root")

    return run


def test_a_name_is_found_in_any_folder_below_the_root(resolve, tmp_path):
    touch(tmp_path / "root", "train/4/a.jpg", "test/deep/er/b.jpg")
    found = resolve("a.jpg", "b.jpg", "", "c.jpg")
    assert found["path"].tolist() == ["train/4/a.jpg", "test/deep/er/b.jpg", "", "c.jpg"]
    assert found["attempts"][:3].tolist() == ["", "", ""]
    assert str(tmp_path / "root" / "c.jpg") in found["attempts"][3]


def test_a_name_that_several_images_have_is_missing_and_its_places_are_named(resolve, tmp_path):
    touch(tmp_path / "root", "train/a.jpg", "test/a.jpg", "test/b.jpg")
    found = resolve("a.jpg", "b.jpg")
    assert found["path"].tolist() == ["a.jpg", "test/b.jpg"]
    assert "test/a.jpg, train/a.jpg" in found["attempts"][0]


def test_the_image_of_another_folder_is_never_taken_for_a_missing_one(resolve, tmp_path):
    touch(tmp_path / "root", "a.jpg", "masks/b.jpg", "test/c.jpg")
    assert resolve("a.jpg", "b.jpg")["path"].tolist() == ["a.jpg", "b.jpg"]
    assert resolve("train/c.jpg", "train\\c.jpg")["path"].str.contains("train").all()


def test_the_form_of_an_accent_does_not_matter(resolve, tmp_path):
    touch(tmp_path / "root", unicodedata.normalize("NFD", "x/é.jpg"))
    assert resolve("é.jpg")["attempts"].tolist() == [""]


def test_the_root_is_walked_once_and_only_if_nothing_is_found(resolve, tmp_path, monkeypatch):
    touch(tmp_path / "root", "x/a.jpg", "x/b.jpg")
    walked, walk = [], bare_names.list_images
    monkeypatch.setattr(
        bare_names, "list_images", lambda folder: walked.append(folder) or walk(folder)
    )
    resolve("x/a.jpg", "c.jpg")
    resolve("y/a.jpg")
    assert walked == []
    resolve("a.jpg", "b.jpg", "c.jpg")
    assert walked == [tmp_path / "root"]
