"""Only what a list names as ours is replaced or deleted, whatever happens on the way."""

import json
import multiprocessing

import pytest

from emotion.core.output_folder import OutputFolder
from tests.user_errors import user_error


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def write(out, contents, settings=None):
    with OutputFolder(out, "list.json", "emotion test").updating(settings or {}) as folder:
        for name, text in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "list.json"
    }


def test_files_of_an_earlier_call_are_replaced_and_those_of_the_user_stay(out):
    write(out, {"a": "1", "deep/b": "1", "deep/er/c": "1"})
    (out / "deep" / "mine.txt").write_text("mine")
    write(out, {"a": "2", "new/d": "2"}, settings={"data": "x"})
    assert contents(out) == {"a": "2", "new/d": "2", "deep/mine.txt": "mine"}
    assert not (out / "deep" / "er").exists()
    listed = json.loads((out / "list.json").read_text())
    assert listed == {"written_by": "emotion test", "data": "x", "files": ["a", "new/d"]}
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "", "not json", '{"written_by": "other", "files": []}', '{"written_by": 1}']
    + ['{"model": "m", "data": "d"}', '{"written_by": "emotion test", "files": "photo.jpg"}'],
)
def test_a_file_of_the_user_with_the_name_of_the_list_is_no_list(out, text):
    out.mkdir()
    (out / "list.json").write_text(text)
    (out / "photo.jpg").write_text("mine")
    with user_error("emotion test", file=out, key="--out"):
        write(out, {"a": "1"})
    assert (out / "list.json").read_text() == text
    assert (out / "photo.jpg").read_text() == "mine"


@pytest.mark.parametrize("where", ["a", "deep", "deep/b"])
def test_a_new_file_never_replaces_one_of_the_user(out, where):
    write(out, {"x": "1"})
    (out / where).parent.mkdir(exist_ok=True)
    (out / where).write_text("mine")
    with user_error("emotion test", file=f"out/{where}", key="--out"):
        write(out, {"a": "2", "deep/b": "2"})
    assert contents(out) == {"x": "1", where: "mine"}


def test_a_failed_call_leaves_the_earlier_files(out):
    write(out, {"a": "1"})

    def fail():
        with OutputFolder(out, "list.json", "emotion test").updating({}) as folder:
            (folder / "a").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert contents(out) == {"a": "1"}
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "name", ["../photo.jpg", "{root}/photo.jpg", "link/photo.jpg", "deep/../../photo.jpg", "", "."]
)
def test_a_list_of_a_stranger_deletes_nothing_outside(out, name):
    (out.parent / "photo.jpg").write_text("mine")
    write(out, {"a": "1"})
    (out / "link").symlink_to(out.parent)
    listed = json.loads((out / "list.json").read_text())
    listed["files"] += [name.format(root=out.parent)]
    (out / "list.json").write_text(json.dumps(listed))
    write(out, {"b": "2"})
    assert (out.parent / "photo.jpg").read_text() == "mine"
    assert not (out / "a").exists()


def test_a_folder_of_ours_that_became_a_link_is_not_followed(out):
    write(out, {"images/a.png": "1"})
    (out / "images" / "a.png").unlink()
    (out / "images").rmdir()
    photos = out.parent / "photos"
    photos.mkdir()
    (photos / "a.png").write_text("mine")
    (out / "images").symlink_to(photos)
    with user_error(file="out/images", key="--out"):
        write(out, {"images/a.png": "2"})
    write(out, {"b": "2"})
    assert (photos / "a.png").read_text() == "mine"


def test_what_an_interrupted_move_left_is_ours_still(out, monkeypatch):
    write(out, {"a": "1", "b": "1"})
    monkeypatch.setattr("os.replace", _fail_at("b"))
    with pytest.raises(KeyboardInterrupt):
        write(out, {"a": "2", "b": "2", "c": "2"})
    monkeypatch.undo()
    write(out, {"d": "3"})
    assert contents(out) == {"d": "3"}


def _fail_at(name):
    import os

    replace = os.replace

    def fail(source, target):
        if str(target).endswith(f"/out/{name}"):
            raise KeyboardInterrupt
        replace(source, target)

    return fail


def _write_many(out, text):
    for _ in range(20):
        write(out, {f"{index:02d}": text for index in range(20)})


@pytest.mark.slow
def test_two_calls_at_once_end_well_and_do_not_mix(out):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write_many, args=(out, text)) for text in "xy"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(contents(out)) == 20
    assert len(set(contents(out).values())) == 1
    assert [path.name for path in out.parent.iterdir()] == ["out"]
