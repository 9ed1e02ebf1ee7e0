"""Paths written on any machine are resolved in a fixed order of precedence."""

import os

import pandas as pd
import pytest

from emotion.datasets.formats.resolve_path import resolve_paths


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A root with the table in a subfolder, and a working directory elsewhere."""
    for folder in ("faces/lists", "here", "else"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def resolve(corpus, *written):
    root = corpus / "faces"
    return resolve_paths(pd.Series(written, dtype=str), root / "lists/train.csv", root)


def test_order_is_as_written_then_table_folder_then_root_then_suffixes(corpus):
    results = []
    tried = ["here/a/b/1.jpg", "faces/lists/a/b/1.jpg", "faces/a/b/1.jpg", "faces/b/1.jpg"]
    touch(corpus, *tried, "faces/1.jpg")
    for path in tried:
        results += resolve(corpus, "a/b/1.jpg")["path"].tolist()
        (corpus / path).unlink()
    results += resolve(corpus, "a/b/1.jpg")["path"].tolist()
    assert results == [
        (corpus / "here/a/b/1.jpg").as_posix(),
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
def test_a_path_from_another_machine_is_found_by_its_longest_suffix(corpus, written):
    touch(corpus / "faces", "train/happy/1.jpg", "happy/1.jpg", "1.jpg")
    found = resolve(corpus, written)
    assert found.to_numpy().tolist() == [["train/happy/1.jpg", ""]]


def test_a_file_outside_the_root_has_an_absolute_path(corpus):
    touch(corpus, "else/1.jpg")
    outside = (corpus / "else/1.jpg").as_posix()
    assert resolve(corpus, outside, "../../else/1.jpg")["path"].tolist() == [outside, outside]


def test_an_absolute_path_under_the_root_becomes_relative(corpus):
    touch(corpus, "faces/a/1.jpg")
    assert resolve(corpus, str(corpus / "faces/a/1.jpg"))["path"].tolist() == ["a/1.jpg"]


def test_all_paths_that_were_tried_are_listed_in_order(corpus):
    here, root = (corpus / "here").as_posix(), (corpus / "faces").as_posix()
    found = resolve(corpus, "a/1.jpg", "E:\\b\\2.jpg", "")
    assert found["path"].tolist() == ["a/1.jpg", "E:\\b\\2.jpg", ""]
    assert found["attempts"].tolist() == [
        f"{here}/a/1.jpg, {root}/lists/a/1.jpg, {root}/a/1.jpg, {root}/1.jpg",
        f"E:/b/2.jpg, {root}/b/2.jpg, {root}/2.jpg",
        "",
    ]


def test_results_do_not_depend_on_other_rows_or_their_order(corpus):
    touch(corpus / "faces", "x/a/1.jpg", "a/1.jpg", "a/2.jpg", "2.jpg")
    written = ["/m/x/a/2.jpg", "/m/x/a/1.jpg", "/n/2.jpg", "/n/a/1.jpg"]
    results = ["a/2.jpg", "x/a/1.jpg", "2.jpg", "a/1.jpg"]
    assert resolve(corpus, *written)["path"].tolist() == results
    assert resolve(corpus, *written[::-1])["path"].tolist() == results[::-1]
    assert [resolve(corpus, one)["path"][0] for one in written] == results


def test_folders_and_broken_links_are_skipped_but_valid_links_are_found(corpus):
    touch(corpus / "else", "1.jpg")
    (corpus / "faces/folder.jpg").mkdir()
    (corpus / "faces/broken.jpg").symlink_to(corpus / "else/none.jpg")
    (corpus / "faces/loop.jpg").symlink_to(corpus / "faces/loop.jpg")
    (corpus / "faces/good.jpg").symlink_to(corpus / "else/1.jpg")
    found = resolve(corpus, "folder.jpg", "broken.jpg", "loop.jpg", "good.jpg")
    assert (found["attempts"] == "").tolist() == [False, False, False, True]
    assert found["path"][3] == "good.jpg"


def test_unusual_names_are_found_and_a_nul_counts_as_missing(corpus):
    names = ["with space.jpg", "fröhlich, sehr.JPG", "n" * 200 + ".png"]
    touch(corpus / "faces", *names)
    found = resolve(corpus, *names, "a\0b/1.jpg")
    assert found["path"].tolist()[:3] == names
    assert (found["attempts"] == "").tolist() == [True, True, True, False]


def test_a_folder_is_listed_once_for_all_rows(corpus, monkeypatch):
    touch(corpus / "faces", *(f"a/{i}.jpg" for i in range(50)))
    listed = []
    scan = os.scandir
    monkeypatch.setattr("os.scandir", lambda folder: listed.append(folder) or scan(folder))
    resolve(corpus, *(f"/m/a/{i}.jpg" for i in range(50)))
    assert len(listed) == len(set(listed)) == 3
