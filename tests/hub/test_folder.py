"""The Hub folder is whole or not there, and owns its files."""

import pytest

from emotion.core.errors import UserError
from emotion.hub.folder import build_folder


@pytest.fixture
def sources(tmp_path):
    paths = [tmp_path / "models" / name for name in ("best_model.pth", "model.onnx")]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def test_folder_holds_the_files_and_the_card_alone(tmp_path, sources):
    build_folder(tmp_path / "hub", sources, "# card\n")
    found = {path.name: path.read_text() for path in (tmp_path / "hub").iterdir()}
    assert found == {
        "best_model.pth": "best_model.pth",
        "model.onnx": "model.onnx",
        "README.md": "# card\n",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "models"}


def test_links_into_a_read_only_cache_become_writable_copies(tmp_path, sources):
    cached = tmp_path / "cache"
    sources[0].rename(cached)
    cached.chmod(0o444)
    sources[0].symlink_to(cached)
    build_folder(tmp_path / "hub", sources, "card")
    copy = tmp_path / "hub" / "best_model.pth"
    assert not copy.is_symlink()
    assert copy.stat().st_mode & 0o200
    assert copy.read_text() == "best_model.pth"


def test_stale_files_do_not_survive(tmp_path, sources):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "old.onnx").touch()
    build_folder(tmp_path / "hub", sources, "card")
    assert not (tmp_path / "hub" / "old.onnx").exists()


def test_missing_files_are_all_named_and_the_old_folder_stays(tmp_path, sources):
    build_folder(tmp_path / "hub", sources, "old card")
    missing = [tmp_path / "a.json", tmp_path / "b.json"]
    with pytest.raises(UserError, match=r"a\.json, .*b\.json missing"):
        build_folder(tmp_path / "hub", [*sources, *missing], "new card")
    assert (tmp_path / "hub" / "README.md").read_text() == "old card"


def test_a_crash_leaves_the_old_folder_and_no_rubbish(tmp_path, sources, monkeypatch):
    build_folder(tmp_path / "hub", sources, "old card")

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("shutil.copyfile", full_disk)
    with pytest.raises(OSError, match="no space"):
        build_folder(tmp_path / "hub", sources, "new card")
    assert (tmp_path / "hub" / "README.md").read_text() == "old card"
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "models"}
