"""Files of an npm package are fetched by npm, or the error gives the reason."""

import io
import shutil
import tarfile

import pytest

from emotion.models.sources import npm_package
from emotion.models.sources.npm_package import fetch_members, read_members
from tests.user_errors import user_error


def make_archive(path, members, **others):
    """A .tgz with the content of some files, and other entries: name to a type of tarfile."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for kind in others.values():
            entry = tarfile.TarInfo("package/a")
            entry.type, entry.linkname = kind, "package/large"
            archive.addfile(entry)
    return path


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A function that puts a shell script in the place of npm."""

    def install(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "npm").write_text(f"#!{shutil.which('sh')}\n{script}\n")
        (folder / "npm").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return install


def test_the_files_of_the_archive_that_npm_writes_are_returned(npm, tmp_path):
    archive = make_archive(tmp_path / "x.tgz", {"package/a.bin": b"abc", "package/b": b"d"})
    npm(f'[ "$1 $2" = "pack left-pad@1.3.0" ] && cp {archive} .')
    assert fetch_members("left-pad@1.3.0", ["package/a.bin"]) == {"package/a.bin": b"abc"}


def test_without_npm_the_error_names_its_origin(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConnectionError, match=r"https://nodejs\.org"):
        fetch_members("left-pad@1.3.0", ["package/a"])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "npm error code ENOTFOUND"),
        ("exit 7", ""),
        ("exit 0", ""),
        ("printf '\\033[31m\\377' >&2; exit 1", ""),
        ("exec sleep 60", "0.5 s"),
    ],
)
def test_a_failure_of_npm_is_reported_with_its_reason(npm, monkeypatch, script, reason):
    npm(script)
    monkeypatch.setattr(npm_package, "SECONDS", 0.5)
    with pytest.raises(ConnectionError, match=rf"left-pad@1\.3\.0.*{reason}"):
        fetch_members("left-pad@1.3.0", ["package/a"])


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00" + bytes(50)])
def test_another_file_is_rejected_in_one_line(tmp_path, content):
    (tmp_path / "x.tgz").write_bytes(content)
    with user_error(file="x.tgz", hint="npm pack") as caught:
        read_members(tmp_path / "x.tgz", ["package/a"])
    assert "\n" not in str(caught.value)


def test_a_truncated_archive_is_rejected(tmp_path):
    path = make_archive(tmp_path / "x.tgz", {"package/a": bytes(range(256)) * 4000})
    path.write_bytes(path.read_bytes()[:-2000])
    with user_error(file="x.tgz"):
        read_members(path, ["package/a"])


@pytest.mark.parametrize(
    "content",
    [
        {"members": {"package/b": b""}},
        {"members": {"package/a": bytes(1001)}},
        {"members": {}, "folder": tarfile.DIRTYPE},
        # Their own size is 0, so a limit on the size of a member would let them pass.
        {"members": {"package/large": bytes(5000)}, "hard": tarfile.LNKTYPE},
        {"members": {"package/large": bytes(5000)}, "soft": tarfile.SYMTYPE},
    ],
    ids=["missing", "large", "folder", "hard link", "soft link"],
)
def test_an_archive_without_a_file_of_allowed_size_is_rejected(tmp_path, monkeypatch, content):
    monkeypatch.setattr(npm_package, "LARGEST", 1000)
    path = make_archive(tmp_path / "x.tgz", **content)
    with user_error("package/a", file="x.tgz"):
        read_members(path, ["package/a"])


def test_a_compressed_archive_is_read_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(npm_package, "LARGEST_PACKAGE", 100_000)
    archive = make_archive(tmp_path / "x.tgz", {"zeros": bytes(10_000_000), "package/a": b"x"})
    assert archive.stat().st_size < 50_000
    with user_error("100,000", file="x.tgz"):
        read_members(archive, ["package/a"])
