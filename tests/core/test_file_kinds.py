"""Files that other programs wrote are named by their first bytes; text is not taken for them."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emotion.core import files
from emotion.core.file_kinds import FIRST, hint_for, kind_of, refuse_other_than_text
from tests.user_errors import user_error

TABLE = b"path,label\n" + b"happy/1.png,happy\n" * 100


def in_memory(write):
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def tar_of(data):
    def write(buffer):
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            entry = tarfile.TarInfo("fer2013/fer2013.csv")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))

    return in_memory(write)


def zip_of(*names):
    def write(buffer):
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, TABLE)

    return in_memory(write)


def image(format):
    return in_memory(lambda buffer: Image.new("RGB", (8, 8)).save(buffer, format))


def database():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table labels (path)")
        return connection.serialize()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
WRITTEN = {
    "gzip archive": gzip.compress(TABLE),
    "xz archive": lzma.compress(TABLE),
    "bzip2 archive": bz2.compress(TABLE),
    "tar archive": tar_of(TABLE),
    "zip archive": zip_of("labels.csv"),
    "workbook": zip_of("[Content_Types].xml", "xl/workbook.xml"),
    "pickle": pickle.dumps({"path": ["happy/1.png"]}),
    "NumPy": in_memory(lambda buffer: np.save(buffer, np.arange(5))),
    "SQLite": database(),
    **{f"{name} image": image(name) for name in ("JPEG", "PNG", "GIF", "TIFF")},
    # As their specifications define the first bytes.
    "7z archive": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24),
    "Parquet": b"PAR1\x15\x04\x15\x10" + bytes(24),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "HTML": b"\xef\xbb\xbf\r\n <!DOCTYPE html>\n<html><title>Sign in</title></html>",
    "XML": b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    "Git LFS": LFS,
    "DVC": b"outs:\n- md5: 1f3e\n  size: 10\n  path: labels.csv\n",
}
TEXTS = (
    TABLE,
    b"sep=;\npath;label\n",
    b'{"path": ["happy/1.png"]}',
    b"data:\n  root: faces\n",
    b"PAR1,PAR2,label\n0.1,0.2,happy\n",
    b"BZhead,label\n",
    b"version,label\n",
    "path,läbel\n".encode("utf-16"),
    "路径,标签\n".encode(),
    b"",
    bytes(600),
    safetensors.numpy.save({"weight": np.zeros(3, np.float32)}),
)


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_file_of_another_program_is_named(kind):
    assert kind in kind_of(WRITTEN[kind])
    assert kind_of(WRITTEN[kind][:FIRST]) == kind_of(WRITTEN[kind])


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_files_without_a_mark_are_of_no_kind(text):
    assert kind_of(text) == ""


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=FIRST))
def test_a_heading_is_of_no_kind(heading):
    assert kind_of(f"{heading},label\n".encode()) == "" or heading.lstrip().startswith(
        ("<", "%PDF-", "{\\rtf", "/annex/objects/", "GIF8")
    )


@given(st.binary(max_size=600))
def test_any_bytes_have_a_kind_in_one_phrase(data):
    assert kind_of(data).isprintable()


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("gzip archive", "unpack"), ("Git LFS", "git lfs pull"), ("HTML", "download"), ("PDF", "CSV")],
)
def test_the_hint_says_what_to_do_about_this_kind(kind, hint):
    with user_error(kind, file="t.csv", hint=hint):
        refuse_other_than_text(WRITTEN[kind], "t.csv", "save it as CSV")
    assert hint_for("", "otherwise") == "otherwise"


@pytest.mark.parametrize("kind", ["gzip archive", "zip archive", "HTML", "Git LFS", "pickle"])
def test_a_report_in_json_that_is_another_file_is_named(tmp_path, kind):
    (tmp_path / "report.json").write_bytes(WRITTEN[kind])
    with user_error(kind, file="report.json"):
        files.read_json(tmp_path / "report.json")
