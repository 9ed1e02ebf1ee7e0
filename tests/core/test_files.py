"""Files are replaced atomically, and equal content gives equal bytes."""

import errno
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from emotion.core import files
from emotion.core.errors import UserError
from tests.user_errors import user_error


def test_a_crash_leaves_the_old_file_intact_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def crash():
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_new_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    with files.replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.name == path.name  # torch.save writes this name into the file
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_text_is_utf8_with_lf(tmp_path):
    files.write_text(tmp_path / "a.txt", "é\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\n"


def test_json_survives_writing_and_reading_with_its_key_order(tmp_path):
    value = {"b": 1, "a": [0.1, {"ü": None}], "c": True}
    files.write_json(tmp_path / "a.json", value)
    assert files.read_json(tmp_path / "a.json") == value
    assert list(files.read_json(tmp_path / "a.json")) == ["b", "a", "c"]
    assert (tmp_path / "a.json").read_bytes().endswith(b"}\n")


def test_values_that_are_not_finite_become_null_in_json(tmp_path):
    files.write_json(tmp_path / "a.json", {"x": [float("nan"), (float("inf"), -float("inf"), 1.5)]})

    def reject(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = (tmp_path / "a.json").read_text()
    assert json.loads(text, parse_constant=reject) == {"x": [None, [None, None, 1.5]]}


def test_a_missing_or_broken_json_file_is_named_with_the_fix(tmp_path):
    with user_error(file="none.json", hint="dvc repro"):
        files.read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with user_error(file="bad.json", hint="delete it"):
        files.read_json(tmp_path / "bad.json")


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_a_full_disk_is_reported_and_leaves_the_old_file_intact(tmp_path):
    path = tmp_path / "model.json"
    files.write_json(path, {"old": 1})

    def write_half():
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with user_error(file="model.json", hint="free some space"):
        write_half()
    assert files.read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("message", "free"),
    [
        ("PytorchStreamWriter failed writing file data/0: file write failed", 0),
        # safetensors reserves the space first, with an exception of its own
        ("Error while serializing: I/O error: No space left on device (os error 28)", 10**9),
    ],
)
def test_a_full_disk_is_reported_when_the_writer_hides_the_cause(
    tmp_path, monkeypatch, message, free
):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=free))
    with (
        user_error(file="x.pt", hint="free some space"),
        files.replacing(tmp_path / "x.pt"),
    ):
        raise RuntimeError(message)


def test_other_errors_of_a_writer_are_raised_unchanged(tmp_path):
    with pytest.raises(RuntimeError, match="shape"), files.replacing(tmp_path / "x.pt"):
        raise RuntimeError("shape mismatch")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_may_not_be_written_to_is_named_with_the_cause(tmp_path, number):
    def write():
        with files.replacing(tmp_path / "a.json") as temporary:
            raise OSError(number, os.strerror(number), str(temporary))

    with user_error(os.strerror(number), file="a.json", hint="permissions"):
        write()
    assert not list(tmp_path.iterdir())


def test_a_message_of_a_writer_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_is_full", lambda *_: True)
    with user_error(file="b.png", hint="repair"), files.replacing(tmp_path / "a.json"):
        raise UserError("is no image", "repair it", file="b.png")


@pytest.fixture(params=["folder", "pipe", "socket", "device", "loop"])
def not_a_file(request, tmp_path):
    """Something else with the name of a file, as `open` would wait for it or read it for ever."""
    path = tmp_path / request.param
    if request.param == "folder":
        path.mkdir()
    elif request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(path)
    return path


def test_only_regular_files_are_opened_and_nothing_is_waited_for(not_a_file):
    with pytest.raises(OSError):  # noqa: PT011 (which one depends on the kind)
        files.open_regular(not_a_file)
    with user_error(file=not_a_file):
        files.read_json(not_a_file)


def test_a_refused_file_is_closed():
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        with pytest.raises(OSError, match="not a regular file"):
            files.open_regular("/dev/null")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_spreadsheet_programs_is_read_without_its_mark(tmp_path, encoding):
    (tmp_path / "a").write_bytes("path,läbel".encode(encoding))
    assert files.read_text(tmp_path / "a") == "path,läbel"


@pytest.mark.parametrize("content", [b"\xff{}", b"[" * 100_000, b'"\xe9"', b""])
def test_json_of_any_bytes_is_one_sentence(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with user_error(file="a.json"):
        files.read_json(tmp_path / "a.json")


def test_a_table_for_people_has_no_formulas_and_others_keep_their_cells(tmp_path):
    rows = pd.DataFrame({"path": ["=HYPERLINK(0)", "a.png"], "n": [-1, 2]})
    files.write_csv(tmp_path / "people.csv", rows, for_people=True)
    files.write_csv(tmp_path / "stages.csv", rows)
    assert (tmp_path / "people.csv").read_text() == "path,n\n'=HYPERLINK(0),-1\na.png,2\n"
    assert (tmp_path / "stages.csv").read_text() == "path,n\n=HYPERLINK(0),-1\na.png,2\n"
    assert rows["path"][0] == "=HYPERLINK(0)"  # the table that was passed is unchanged


def test_a_folder_of_the_user_with_the_name_of_a_temporary_one_is_left_alone(tmp_path):
    mine = [tmp_path / ".a.txt.tmp", tmp_path / ".drawn.tmp", tmp_path / ".writing-"]
    for folder in mine:
        folder.mkdir()
        (folder / "photo.jpg").write_text("mine")
    files.write_text(tmp_path / "a.txt", "new")
    with files.replacing_folder(tmp_path / "drawn") as temporary:
        (temporary / "x").touch()
    assert [(folder / "photo.jpg").read_text() for folder in mine] == ["mine"] * 3


def test_two_writers_of_one_file_both_end_well(tmp_path):
    with files.replacing(tmp_path / "a") as first, files.replacing(tmp_path / "a") as second:
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a").read_text() == "first"  # it ended last
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_is_replaced_only_when_the_new_one_is_complete(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old").touch()

    def crash():
        with files.replacing_folder(folder) as temporary:
            (temporary / "half").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert [path.name for path in folder.iterdir()] == ["old"]
    with files.replacing_folder(folder) as temporary:
        (temporary / "new").touch()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert os.access(folder, os.X_OK)
    assert folder.stat().st_mode & 0o777 == 0o777 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_to_a_folder_is_replaced_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "out").symlink_to("photos")
    with files.replacing_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "photos" / "a.jpg").exists()
    assert not (tmp_path / "out").is_symlink()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image", "figure", "sheet", "drawing"])
def test_no_writer_of_images_leaves_half_a_file_on_a_full_disk(tmp_path, kind):
    """A limit of the file size ends writing as a full disk does."""
    path = tmp_path / "a.png"
    path.write_text("old")
    code = f"""
import resource, sys
from pathlib import Path
import numpy as np
from PIL import Image
from matplotlib.figure import Figure
from emotion.core import files
from emotion.data import image_sheet
from emotion.metrics import figures
from emotion.data.images import encode_image
from emotion.prediction.drawing import Drawing
from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.sources import Source
noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8))
path = Path({str(path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    if {kind!r} == "image":
        files.write_bytes(path, encode_image(noise, "PNG"))
    elif {kind!r} == "sheet":
        image_sheet.save(path, noise)
    elif {kind!r} == "figure":
        figure = Figure(figsize=(6, 6))
        figure.add_axes((0, 0, 1, 1)).imshow(noise)
        figures.save(path, figure)
    else:
        source = Source(name="a.png", content=b"", copy=Path("a.png"))
        prediction = Prediction(image="a.png", probabilities={{"happy": 1.0}})
        problem = Drawing(path.parent).save(ImageResult(source, noise, [prediction]))
        sys.exit(3 if problem else 0)
except OSError:
    sys.exit(3)
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert result.returncode == 3, result.stderr.decode()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_folder_stays_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "old").touch()
    replace = os.replace

    def fail(source, target):
        if Path(source).name == "new":
            raise KeyboardInterrupt
        replace(source, target)

    def update():
        with files.replacing_folder(folder) as temporary:
            (temporary / "new").touch()

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        update()
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
