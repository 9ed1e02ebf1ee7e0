"""Name the kind of a file by its first bytes: what was downloaded is often not what is needed.

A data set is still packed, a table is a workbook, or in place of the file there is the page that a
server answered with, or a pointer that Git LFS left. The suffix of a name does not show this.
"""

from pathlib import Path

from emotion.core.errors import UserError

FIRST = 512  # bytes that `kind_of` looks at; the mark of tar ends at 262

WORKBOOK = "a workbook of a spreadsheet program"
ARCHIVE = "a zip archive"
PAGE, XML = "an HTML page", "an XML document"

# Each begins with bytes that no text and no other kind begins with.
_MARKS = {
    b"\x1f\x8b": "a gzip archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x04\x22\x4d\x18": "an lz4 archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": WORKBOOK,  # .xls; Word has the same container
    b"PAR1\x15": "a Parquet file",
    b"ARROW1\0\0": "an Arrow file",
    b"\xff\xff\xff\xff\x78": "an Arrow file",
    b"\x93NUMPY": "a NumPy file",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"MATLAB 5.0 MAT-file": "a MATLAB file",
    b"SQLite format 3\0": "an SQLite database",
    b"$FL2@(#)": "an SPSS file",
    b"<stata_dta>": "a Stata file",
    **{b"\x80" + bytes([protocol]): "a pickle" for protocol in range(2, 6)},
    b"%PDF-": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"version https://git-lfs.github.com/spec/": "a pointer of Git LFS",
    b"/annex/objects/": "a pointer of git-annex",
    b"outs:\n- ": "a pointer of DVC",
}
_INSIDE_WORKBOOK = (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")
_POINTERS = {
    "a pointer of Git LFS": "`git lfs pull` fetches the file",
    "a pointer of git-annex": "`git annex get` fetches the file",
    "a pointer of DVC": "`dvc pull` fetches the file, which has its name without .dvc",
}


def kind_of(first_bytes: bytes) -> str:
    """What a file is, such as "a gzip archive"; "" if its first bytes do not show it.

    Plain text, JSON, CSV, YAML, ONNX and safetensors have no mark, so they are "".

    Args:
        first_bytes: the first FIRST bytes of the file, or all of a shorter one.
    """
    first_bytes = first_bytes[:FIRST]
    for mark, kind in _MARKS.items():
        if first_bytes.startswith(mark):
            return kind
    if first_bytes.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return WORKBOOK if any(map(first_bytes.__contains__, _INSIDE_WORKBOOK)) else ARCHIVE
    if first_bytes.startswith(b"BZh") and first_bytes[4:10] == b"1AY&SY":
        return "a bzip2 archive"
    if first_bytes[257:262] == b"ustar":
        return "a tar archive"
    return _kind_of_markup(first_bytes)


def hint_for(kind: str, otherwise: str) -> str:
    """What to do about a file of this kind.

    Args:
        kind: of `kind_of`.
        otherwise: the hint for what is neither an archive, nor a pointer, nor a page.
    """
    if kind.endswith(" archive"):
        return "unpack it first"
    if kind in (PAGE, XML):
        return "a server answered with it in place of the file: download the file again"
    return _POINTERS.get(kind, otherwise)


def refuse_other_than_text(data: bytes, path: Path | str, otherwise: str) -> None:
    """Raise a UserError that names the kind of a file which is to be read as text.

    Args:
        data: the first bytes, or all.
        path: of the file.
        otherwise: as for `hint_for`.
    """
    if kind := kind_of(data):
        raise UserError(f"is {kind}", hint_for(kind, otherwise), file=path)


def _kind_of_markup(first_bytes: bytes) -> str:
    start = first_bytes.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_PAGES) or (start.startswith(b"<?xml") and b"<html" in start):
        return PAGE
    return XML if start.startswith(b"<?xml") else ""
