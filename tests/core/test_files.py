"""Files are replaced atomically, and equal content gives equal bytes."""

import errno
import hashlib
import json
import shutil

import pytest

from emotion.core import files
from emotion.core.errors import UserError


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
    with pytest.raises(UserError, match=r"none\.json does not exist; `dvc repro`"):
        files.read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UserError, match=r"bad\.json is not valid JSON .*delete it"):
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

    with pytest.raises(UserError, match=r"disk is full: .*model\.json"):
        write_half()
    assert files.read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_reported_when_the_writer_hides_the_cause(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(UserError, match="disk is full"), files.replacing(tmp_path / "x.pt"):
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")


def test_other_errors_of_a_writer_are_raised_unchanged(tmp_path):
    with pytest.raises(RuntimeError, match="shape"), files.replacing(tmp_path / "x.pt"):
        raise RuntimeError("shape mismatch")
