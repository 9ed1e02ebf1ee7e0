"""The Hub folder is complete or absent, and contains copies of its files."""

import pytest

from emotion.export.hub.folder import build_folder
from tests.user_errors import user_error

OLD_CARD, NEW_CARD = {"README.md": "old card"}, {"README.md": "new card"}


@pytest.fixture
def hub(tmp_path):
    return tmp_path / "hub"


@pytest.fixture
def sources(tmp_path, hub):
    """Two files; the folder was built before."""
    paths = [tmp_path / "models" / name for name in ("best_model.pth", "model.onnx")]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_bytes(path.name.encode())
    build_folder(hub, paths, OLD_CARD)
    return paths


def test_folder_holds_only_the_files_and_the_texts(tmp_path, hub, sources):
    (hub / "old.onnx").touch()
    texts = {"README.md": "# card\n", "preprocessing.json": "{}\n"}
    build_folder(hub, sources, texts)
    found = {path.name: path.read_text() for path in hub.iterdir()}
    assert found == {path.name: path.name for path in sources} | texts
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "models"}


def test_links_into_a_read_only_cache_become_writable_copies(tmp_path, hub, sources):
    cached = tmp_path / "cache"
    sources[0].rename(cached)
    cached.chmod(0o444)
    sources[0].symlink_to(cached)
    build_folder(hub, sources, NEW_CARD)
    copy = hub / "best_model.pth"
    assert not copy.is_symlink()
    assert copy.stat().st_mode & 0o200
    assert copy.read_text() == "best_model.pth"


def test_all_missing_files_are_named_and_the_old_folder_stays(tmp_path, hub, sources):
    missing = [tmp_path / "a.json", tmp_path / "b.json"]
    with user_error(*missing, hint="dvc repro publish"):
        build_folder(hub, [*sources, *missing], NEW_CARD)
    assert (hub / "README.md").read_text() == "old card"


def test_a_crash_leaves_the_old_folder_and_no_temporary_files(tmp_path, hub, sources, monkeypatch):
    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("shutil.copyfile", full_disk)
    with pytest.raises(OSError, match="no space"):
        build_folder(hub, sources, NEW_CARD)
    assert (hub / "README.md").read_text() == "old card"
    assert {path.name for path in tmp_path.iterdir()} == {"hub", "models"}
