"""Paths written on any machine are resolved in a fixed order of precedence."""

import os

import pandas as pd
import pytest

from emotion.datasets.formats.resolve_path import resolve_paths
from tests.datasets.conftest import touch


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A root with the table in a subfolder, and a working directory elsewhere."""
    for folder in ("faces/lists", "here", "else"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def resolve(folders, *written):
    root = folders / "faces"
    return resolve_paths(pd.Series(written, dtype=str), root / "lists/train.csv", root)


def test_order_is_as_written_then_table_folder_then_root_then_suffixes(folders):
    results = []
    tried = ["here/a/b/1.jpg", "faces/lists/a/b/1.jpg", "faces/a/b/1.jpg", "faces/b/1.jpg"]
    touch(folders, *tried, "faces/1.jpg")
    for path in tried:
        results += resolve(folders, "a/b/1.jpg")["path"].tolist()
        (folders / path).unlink()
    results += resolve(folders, "a/b/1.jpg")["path"].tolist()
    assert results == [
        (folders / "here/a/b/1.jpg").as_posix(),
        "lists/a/b/1.jpg",
        "a/b/1.jpg",
        "b/1.jpg",
        "1.jpg",
    ]


@pytest.mark.parametrize(
    "written",
    [
        "/content/drive/data/train/happy/1.jpg",
        "C:\\Users\\ann\\train\\happy\\1.jpg",
        "d:/train/happy/1.jpg",
        "\\\\server\\share\\train\\happy\\1.jpg",
        "../../somewhere/train/happy/1.jpg",
        "./train//happy/./1.jpg",
    ],
)
def test_a_path_from_another_machine_is_found_by_its_longest_suffix(folders, written):
    touch(folders / "faces", "train/happy/1.jpg", "happy/1.jpg", "1.jpg")
    found = resolve(folders, written)
    assert found.to_numpy().tolist() == [["train/happy/1.jpg", ""]]


def test_a_file_outside_the_root_has_an_absolute_path(folders):
    touch(folders, "else/1.jpg")
    outside = (folders / "else/1.jpg").as_posix()
    assert resolve(folders, outside, "../../else/1.jpg")["path"].tolist() == [outside, outside]


def test_an_absolute_path_under_the_root_becomes_relative(folders):
    touch(folders, "faces/a/1.jpg")
    assert resolve(folders, str(folders / "faces/a/1.jpg"))["path"].tolist() == ["a/1.jpg"]


def test_all_paths_that_were_tried_are_listed_in_order(folders):
    here, root = (folders / "here").as_posix(), (folders / "faces").as_posix()
    found = resolve(folders, "a/1.jpg", "E:\\b\\2.jpg", "")
    assert found["path"].tolist() == ["a/1.jpg", "E:\\b\\2.jpg", ""]
    assert found["attempts"].tolist() == [
        f"{here}/a/1.jpg, {root}/lists/a/1.jpg, {root}/a/1.jpg, {root}/1.jpg",
        f"E:/b/2.jpg, {root}/b/2.jpg, {root}/2.jpg",
        "",
    ]


def test_results_do_not_depend_on_other_rows_or_their_order(folders):
    touch(folders / "faces", "x/a/1.jpg", "a/1.jpg", "a/2.jpg", "2.jpg")
    written = ["/m/x/a/2.jpg", "/m/x/a/1.jpg", "/n/2.jpg", "/n/a/1.jpg"]
    results = ["a/2.jpg", "x/a/1.jpg", "2.jpg", "a/1.jpg"]
    assert resolve(folders, *written)["path"].tolist() == results
    assert resolve(folders, *written[::-1])["path"].tolist() == results[::-1]
    assert [resolve(folders, one)["path"][0] for one in written] == results


def test_folders_and_broken_links_are_skipped_but_valid_links_are_found(folders):
    touch(folders / "else", "1.jpg")
    (folders / "faces/folder.jpg").mkdir()
    (folders / "faces/broken.jpg").symlink_to(folders / "else/none.jpg")
    (folders / "faces/loop.jpg").symlink_to(folders / "faces/loop.jpg")
    (folders / "faces/good.jpg").symlink_to(folders / "else/1.jpg")
    found = resolve(folders, "folder.jpg", "broken.jpg", "loop.jpg", "good.jpg")
    assert (found["attempts"] == "").tolist() == [False, False, False, True]
    assert found["path"][3] == "good.jpg"


def test_unusual_names_are_found_and_a_nul_counts_as_missing(folders):
    names = ["with space.jpg", "fröhlich, sehr.JPG", "n" * 200 + ".png"]
    touch(folders / "faces", *names)
    found = resolve(folders, *names, "a\0b/1.jpg")
    assert found["path"].tolist()[:3] == names
    assert (found["attempts"] == "").tolist() == [True, True, True, False]


def test_a_folder_is_listed_once_for_all_rows(folders, monkeypatch):
    touch(folders / "faces", *(f"a/{i}.jpg" for i in range(50)))
    listed = []
    scan = os.scandir
    monkeypatch.setattr("os.scandir", lambda folder: listed.append(folder) or scan(folder))
    resolve(folders, *(f"/m/a/{i}.jpg" for i in range(50)))
    assert len(listed) == len(set(listed)) == 3
