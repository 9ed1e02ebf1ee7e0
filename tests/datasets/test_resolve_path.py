"""An image is found wherever the table was written, by one order of precedence."""

import os

import pandas as pd
import pytest

from emotion.datasets.resolve_path import resolve_paths


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A root with its table one folder below, and a working directory elsewhere."""
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


def test_the_path_as_written_comes_first_then_the_table_then_the_root_then_suffixes(corpus):
    answers = []
    places = ["here/a/b/1.jpg", "faces/lists/a/b/1.jpg", "faces/a/b/1.jpg", "faces/b/1.jpg"]
    touch(corpus, *places, "faces/1.jpg")
    for place in places:
        answers += resolve(corpus, "a/b/1.jpg")["path"].tolist()
        (corpus / place).unlink()
    answers += resolve(corpus, "a/b/1.jpg")["path"].tolist()
    assert answers == [
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
def test_a_path_of_another_machine_is_found_by_its_longest_suffix(corpus, written):
    touch(corpus / "faces", "train/happy/1.jpg", "happy/1.jpg", "1.jpg")
    found = resolve(corpus, written)
    assert found.to_numpy().tolist() == [["train/happy/1.jpg", ""]]


def test_an_image_outside_the_root_has_an_absolute_path(corpus):
    touch(corpus, "else/1.jpg")
    outside = (corpus / "else/1.jpg").as_posix()
    assert resolve(corpus, outside, "../../else/1.jpg")["path"].tolist() == [outside, outside]


def test_an_absolute_path_into_the_root_becomes_relative_to_it(corpus):
    touch(corpus, "faces/a/1.jpg")
    assert resolve(corpus, str(corpus / "faces/a/1.jpg"))["path"].tolist() == ["a/1.jpg"]


def test_all_places_that_were_looked_at_are_named_in_their_order(corpus):
    here, root = (corpus / "here").as_posix(), (corpus / "faces").as_posix()
    found = resolve(corpus, "a/1.jpg", "E:\\b\\2.jpg", "")
    assert found["path"].tolist() == ["a/1.jpg", "E:\\b\\2.jpg", ""]
    assert found["attempts"].tolist() == [
        f"{here}/a/1.jpg, {root}/lists/a/1.jpg, {root}/a/1.jpg, {root}/1.jpg",
        f"E:/b/2.jpg, {root}/b/2.jpg, {root}/2.jpg",
        "",
    ]


def test_no_answer_depends_on_the_other_rows_or_their_order(corpus):
    touch(corpus / "faces", "x/a/1.jpg", "a/1.jpg", "a/2.jpg", "2.jpg")
    written = ["/m/x/a/2.jpg", "/m/x/a/1.jpg", "/n/2.jpg", "/n/a/1.jpg"]
    answers = ["a/2.jpg", "x/a/1.jpg", "2.jpg", "a/1.jpg"]
    assert resolve(corpus, *written)["path"].tolist() == answers
    assert resolve(corpus, *written[::-1])["path"].tolist() == answers[::-1]
    assert [resolve(corpus, one)["path"][0] for one in written] == answers


def test_a_folder_or_a_broken_link_is_no_image_but_a_good_link_is(corpus):
    touch(corpus / "else", "1.jpg")
    (corpus / "faces/folder.jpg").mkdir()
    (corpus / "faces/broken.jpg").symlink_to(corpus / "else/none.jpg")
    (corpus / "faces/loop.jpg").symlink_to(corpus / "faces/loop.jpg")
    (corpus / "faces/good.jpg").symlink_to(corpus / "else/1.jpg")
    found = resolve(corpus, "folder.jpg", "broken.jpg", "loop.jpg", "good.jpg")
    assert (found["attempts"] == "").tolist() == [False, False, False, True]
    assert found["path"][3] == "good.jpg"


def test_odd_names_are_found_and_a_nul_is_merely_missing(corpus):
    names = ["with space.jpg", "fröhlich, sehr.JPG", "n" * 200 + ".png"]
    touch(corpus / "faces", *names)
    found = resolve(corpus, *names, "a\0b/1.jpg")
    assert found["path"].tolist()[:3] == names
    assert (found["attempts"] == "").tolist() == [True, True, True, False]


def test_a_folder_is_listed_once_however_many_rows_name_it(corpus, monkeypatch):
    touch(corpus / "faces", *(f"a/{i}.jpg" for i in range(50)))
    listed = []
    scan = os.scandir
    monkeypatch.setattr("os.scandir", lambda place: listed.append(place) or scan(place))
    resolve(corpus, *(f"/m/a/{i}.jpg" for i in range(50)))
    assert len(listed) == len(set(listed)) == 3
