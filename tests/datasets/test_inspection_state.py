"""An interrupted search for faces goes on, and its result is that of an uninterrupted one."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.datasets import inspection
from emotion.datasets.inspection import inspect_images
from emotion.datasets.inspection_state import InspectionState
from tests.data.conftest import draw
from tests.datasets.conftest import save_noise
from tests.user_errors import user_error

ON = ("settings", "code")


class InterruptedRunError(Exception):
    """In place of a kill."""


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """Twelve images of 0 to 3 faces, in three chunks; one more file is missing, one no image."""
    monkeypatch.setattr(inspection, "_CHUNK_OF_FACES", 4)
    for number in range(12):
        save_noise(tmp_path / f"{number:02d}.png", number, size=40 + number % 4)
    (tmp_path / "05.png").write_text("no image")
    return [str(tmp_path / f"{number:02d}.png") for number in range(13)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / ".prepare_state"


def inspect(paths, folder, depends_on=ON):
    return inspect_images(paths, 32, faces=True, state=InspectionState(folder, depends_on))


def interrupt(paths, folder, monkeypatch, chunks=2):
    """Stop when some chunks are stored."""
    append, count = InspectionState.append, []

    def stop(state, *arguments):
        append(state, *arguments)
        count.append(1)
        if len(count) == chunks:
            raise InterruptedRunError

    with monkeypatch.context() as patch:
        patch.setattr(InspectionState, "append", stop)
        with pytest.raises(InterruptedRunError):
            inspect(paths, folder)


@pytest.fixture
def interrupted(paths, folder, detector, monkeypatch):
    """Eight of the images are inspected; `detector.seen` are those of the next run."""
    interrupt(paths, folder, monkeypatch)
    assert len(detector.seen) == 7  # one is no image
    detector.seen.clear()
    return paths


def test_an_interrupted_run_goes_on_where_it_was(interrupted, folder, detector):
    findings = inspect(interrupted, folder)
    assert len(detector.seen) == 4
    assert findings == inspect_images(interrupted, 32, faces=True)
    assert [len(finding.faces) for finding in findings] == [0, 1, 2, 3, 0, 0, 2, 3, 0, 1, 2, 3, 0]
    assert findings[5].reason == inspection.NOT_AN_IMAGE
    assert findings[12].reason == inspection.MISSING


def test_a_finished_run_detects_nothing_again_until_it_is_discarded(paths, folder, detector):
    first = inspect(paths, folder)
    detector.seen.clear()
    assert inspect(paths, folder) == first
    assert detector.seen == []
    InspectionState(folder, ON).discard()
    assert list(folder.iterdir()) == []
    inspect(paths, folder)
    assert len(detector.seen) == 11


@pytest.mark.parametrize("other", [("other", "code"), ("settings", "other"), ("settingscode",)])
def test_other_settings_or_code_start_anew_and_delete_the_state(
    interrupted, folder, detector, other
):
    inspect(interrupted, folder, other)
    assert len(detector.seen) == 11
    assert len(list(folder.iterdir())) == 1
    detector.seen.clear()
    inspect(interrupted, folder)
    assert len(detector.seen) == 11


@pytest.mark.usefixtures("interrupted")
def test_only_changed_and_new_images_are_inspected_again(folder, detector, tmp_path):
    """After an error, one deletes images, repairs others and adds some."""
    save_noise(tmp_path / "02.png", 99, size=43)
    save_noise(tmp_path / "05.png", 98, size=41)
    save_noise(tmp_path / "new.png", 97, size=42)
    (tmp_path / "07.png").rename(tmp_path / "moved.png")
    names = ["new", "02", "moved", "01", "03", "04", "05", "06"]
    changed = [str(tmp_path / f"{name}.png") for name in names]
    findings = inspect(changed, folder)
    assert sorted(detector.seen) == [(41, 41), (42, 42), (43, 43)]
    assert findings == inspect_images(changed, 32, faces=True)


def test_an_image_that_two_rows_name_has_its_finding_twice(interrupted, folder):
    twice = [*interrupted, *interrupted[::-1]]
    findings = inspect(twice, folder)
    assert findings == findings[::-1] == inspect_images(twice, 32, faces=True)


@pytest.mark.parametrize("lost", [1, 30, 300])
def test_half_a_last_line_loses_one_image(interrupted, folder, detector, lost):
    [path] = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-lost])
    for _ in range(2):  # the half line stays in the file
        findings = inspect(interrupted, folder)
        assert findings == inspect_images(interrupted, 32, faces=True)
    assert len(detector.seen) == 5 + 2 * 11


GARBAGE = [b"\xff\xfe\0\0", b"[]", b"null", b'{"a": 1}', b'["a", 5]', b'["a", {"faces": 3}]']


@pytest.mark.parametrize("garbage", [*GARBAGE, b"[" * 100_000, b'["a", {"faces": [{"face": 1}]}]'])
def test_garbage_in_the_file_is_ignored(interrupted, folder, detector, garbage):
    [path] = folder.iterdir()
    path.write_bytes(garbage + b"\n" + path.read_bytes() + b"\n" + garbage)
    assert inspect(interrupted, folder) == inspect_images(interrupted, 32, faces=True)
    assert len(detector.seen) == 4 + 11


@pytest.mark.usefixtures("detector")
def test_other_files_in_the_folder_stay(paths, folder):
    (folder / "own.jsonl").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    inspect(paths, folder)
    InspectionState(folder, ON).discard()
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "own.jsonl"]


@pytest.mark.usefixtures("detector")
def test_a_file_in_place_of_the_folder_and_the_reverse_are_named(paths, folder):
    folder.write_text("mine")
    with user_error(file=".prepare_state", hint="move it away"):
        inspect(paths, folder)
    assert folder.read_text() == "mine"
    folder.unlink()
    inspect(paths, folder)
    [path] = folder.iterdir()
    path.unlink()
    path.mkdir()
    with user_error(file=path.name, hint="move it away"):
        inspect(paths, folder)


@pytest.mark.parametrize(
    ("code", "hint"),
    [(errno.ENOSPC, "space"), (errno.EACCES, "permissions"), (errno.EROFS, "permissions")],
)
@pytest.mark.parametrize("call", ["open", "mkdir"])
@pytest.mark.usefixtures("detector")
def test_a_state_that_cannot_be_written_is_one_sentence(
    paths, folder, monkeypatch, code, hint, call
):
    def fail(path, *_, **__):
        raise OSError(code, os.strerror(code), str(path))

    with user_error(hint=hint), monkeypatch.context() as patch:
        patch.setattr(f"pathlib.Path.{call}", fail)
        inspect(paths, folder)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.usefixtures("detector")
def test_a_full_disk_is_one_sentence(paths, folder):
    state = InspectionState(folder, ON)
    folder.mkdir()
    state.path.symlink_to("/dev/full")
    with user_error(hint="space"):
        state.append(paths[:1], inspect_images(paths[:1], 32, faces=True))


def test_a_prepared_dataset_is_the_same_after_an_interruption(dataset, detector, monkeypatch):
    """An error in the labels is not one in the faces: they are kept for the next run."""
    monkeypatch.setattr(inspection, "_CHUNK_OF_FACES", 4)
    for index in range(40):
        dataset.add(f"{index}.png", ("happy", "sad")[index % 2], size=40 + index % 3)
    expected = dataset.prepare(faces="box")
    state = InspectionState(dataset.root.parent / "state", ON)
    dataset.rows.append({"path": "missing.png", "label": "sad"})
    with user_error("1 missing"):
        dataset.prepare(faces="box", state=state)
    del dataset.rows[-1]
    detector.seen.clear()
    assert dataset.prepare(faces="box", state=state).rows.equals(expected.rows)
    assert detector.seen == []


RUN = """
import sys
from pathlib import Path
from emotion.datasets.inspection import inspect_images
from emotion.datasets.inspection_state import InspectionState

if __name__ == "__main__":
    folder, paths = sys.argv[1], sorted(map(str, Path(sys.argv[2]).iterdir()))
    state = InspectionState(Path(folder), ("settings", "code"))
    inspect_images(paths, 32, workers=2, faces=True, state=state)
"""


@pytest.mark.slow
def test_a_killed_run_with_the_real_detector_goes_on(tmp_path, folder, monkeypatch):
    images = tmp_path / "images"
    images.mkdir()
    faces = [np.asarray(draw(seed, 64)) for seed in range(3, 7)]
    for number in range(256):  # different bytes, else one finding would stand for many
        pixels = faces[number % 4].copy()
        pixels[0, 0] = number
        Image.fromarray(pixels).save(images / f"{number:03d}.png")
    (tmp_path / "run.py").write_text(RUN)
    state = InspectionState(folder, ON)
    command = [sys.executable, str(tmp_path / "run.py"), str(folder), str(images)]
    here = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(command, start_new_session=True, env=here)
    while process.poll() is None and not (state.path.exists() and len(state._load()) >= 32):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    stored = len(state._load())
    assert 32 <= stored < 256

    inspected = []
    chunk = inspection.inspect_chunk
    monkeypatch.setattr(
        inspection,
        "inspect_chunk",
        lambda paths, **kw: inspected.extend(paths) or chunk(paths, **kw),
    )
    paths = sorted(map(str, images.iterdir()))
    findings = inspect_images(paths, 32, workers=1, faces=True, state=state)
    assert len(inspected) == 256 - stored
    assert findings == inspect_images(paths, 32, workers=1, faces=True)
    assert all(len(finding.faces) == 1 for finding in findings)


@pytest.mark.usefixtures("interrupted")
def test_each_line_is_json_of_one_image(folder):
    [path] = folder.iterdir()
    lines = path.read_text().splitlines()[1:]
    assert len(lines) == 8
    assert len({json.loads(line)[0] for line in lines}) == 8
