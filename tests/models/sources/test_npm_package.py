"""Files of an npm package are fetched by npm, or the reason why not is one sentence."""

import io
import shutil
import tarfile

import pytest

from emotion.core.errors import UserError
from emotion.models.sources import npm_package
from emotion.models.sources.npm_package import fetch_members, read_members


def make_archive(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
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


def test_without_npm_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConnectionError, match=r"^npm is not installed: it comes with Node\.js"):
        fetch_members("left-pad@1.3.0", ["package/a"])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "left-pad@1.3.0: npm error code ENOTFOUND"),
        ("exit 7", "no reason given"),
        ("exit 0", "no reason given"),
        ("printf '\\033[31m\\377' >&2; exit 1", "cannot fetch"),
    ],
)
def test_what_npm_says_is_passed_on(npm, script, reason):
    npm(script)
    with pytest.raises(ConnectionError, match=reason):
        fetch_members("left-pad@1.3.0", ["package/a"])


def test_npm_is_not_waited_for_without_end(npm, monkeypatch):
    npm("exec sleep 60")
    monkeypatch.setattr(npm_package, "SECONDS", 0.2)
    with pytest.raises(ConnectionError, match=r"npm did not fetch left-pad@1\.3\.0 within 0\.2 s"):
        fetch_members("left-pad@1.3.0", ["package/a"])


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00" + bytes(50)])
def test_another_file_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "x.tgz").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.tgz is not the wanted package") as caught:
        read_members(tmp_path / "x.tgz", ["package/a"])
    assert "\n" not in str(caught.value)


def test_a_cut_archive_is_refused(tmp_path):
    path = make_archive(tmp_path / "x.tgz", {"package/a": bytes(range(256)) * 4000})
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UserError, match=r"x\.tgz is not the wanted package"):
        read_members(path, ["package/a"])


def test_a_member_larger_than_allowed_is_not_read(tmp_path, monkeypatch):
    path = make_archive(tmp_path / "x.tgz", {"package/a": bytes(1001)})
    monkeypatch.setattr(npm_package, "LARGEST", 1000)
    with pytest.raises(UserError, match="is not a file of at most 1,000 bytes"):
        read_members(path, ["package/a"])


def test_a_missing_member_and_a_folder_in_its_place_are_refused(tmp_path):
    path = make_archive(tmp_path / "x.tgz", {"package/b": b""})
    with pytest.raises(UserError, match="is not the wanted package"):
        read_members(path, ["package/a"])
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("package/a")
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    with pytest.raises(UserError, match="is not the wanted package"):
        read_members(path, ["package/a"])


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_a_link_to_a_large_member_is_refused(tmp_path, monkeypatch, kind):
    """Its own size is 0, so a limit on the size of a member would let it pass."""
    monkeypatch.setattr(npm_package, "LARGEST", 1000)
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("package/large")
        entry.size = 5000
        archive.addfile(entry, io.BytesIO(bytes(5000)))
        link = tarfile.TarInfo("package/a.bin")
        link.type, link.linkname = kind, "package/large"
        archive.addfile(link)
    with pytest.raises(UserError, match=r"package/a\.bin is not a file of at most 1,000 bytes"):
        read_members(tmp_path / "x.tgz", ["package/a.bin"])


def test_an_archive_that_grows_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(npm_package, "LARGEST_PACKAGE", 100_000)
    archive = make_archive(tmp_path / "x.tgz", {"zeros": bytes(10_000_000), "package/a": b"x"})
    assert archive.stat().st_size < 50_000
    with pytest.raises(UserError, match="it has more than 100,000 bytes"):
        read_members(archive, ["package/a"])
