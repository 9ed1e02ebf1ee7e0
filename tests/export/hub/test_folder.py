"""The Hub folder is complete or absent, and holds copies of its files."""

import pytest

from emotion.core.errors import UserError
from emotion.export.hub.folder import build_folder

CARD = {"README.md": "card"}
OLD_CARD = {"README.md": "old card"}
NEW_CARD = {"README.md": "new card"}


@pytest.fixture
def sources(tmp_path):
    paths = [tmp_path / "models" / name for name in ("best_model.pth", "model.onnx")]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_bytes(path.name.encode())
    return paths


def test_folder_holds_only_the_files_and_the_texts(tmp_path, sources):
    texts = {"README.md": "# card\n", "preprocessing.json": "{}\n"}
    build_folder(tmp_path / "hub", sources, texts)
    found = {path.name: path.read_text() for path in (tmp_path / "hub").iterdir()}
    assert found == {
        "best_model.pth": "best_model.pth",
        "model.onnx": "model.onnx",
        **texts,
    }
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "models"}


def test_links_into_a_read_only_cache_become_writable_copies(tmp_path, sources):
    cached = tmp_path / "cache"
    sources[0].rename(cached)
    cached.chmod(0o444)
    sources[0].symlink_to(cached)
    build_folder(tmp_path / "hub", sources, CARD)
    copy = tmp_path / "hub" / "best_model.pth"
    assert not copy.is_symlink()
    assert copy.stat().st_mode & 0o200
    assert copy.read_text() == "best_model.pth"


def test_stale_files_are_deleted(tmp_path, sources):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "old.onnx").touch()
    build_folder(tmp_path / "hub", sources, CARD)
    assert not (tmp_path / "hub" / "old.onnx").exists()


def test_all_missing_files_are_named_and_the_old_folder_stays(tmp_path, sources):
    build_folder(tmp_path / "hub", sources, OLD_CARD)
    missing = [tmp_path / "a.json", tmp_path / "b.json"]
    with pytest.raises(UserError, match=r"a\.json, .*b\.json missing"):
        build_folder(tmp_path / "hub", [*sources, *missing], NEW_CARD)
    assert (tmp_path / "hub" / "README.md").read_text() == "old card"


def test_a_crash_leaves_the_old_folder_and_no_temporary_files(tmp_path, sources, monkeypatch):
    build_folder(tmp_path / "hub", sources, OLD_CARD)

    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("shutil.copyfile", full_disk)
    with pytest.raises(OSError, match="no space"):
        build_folder(tmp_path / "hub", sources, NEW_CARD)
    assert (tmp_path / "hub" / "README.md").read_text() == "old card"
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "models"}
