"""Every bad picture is found with its reason, before anything trains."""

import hashlib
import struct
import subprocess
import sys
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion import picture_checks
from emotion.core.errors import UserError
from emotion.core.pictures import read_picture


def save_noise(path, size=(64, 48), seed=0, **options):
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **options)
    return str(path)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return str(path)


def png_that_claims(path, width, height):
    """A few bytes that say they are an enormous picture."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return str(path)


@pytest.fixture
def zoo(tmp_path):
    """Path by what is wrong with it."""
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    save_noise(tmp_path / "cut.jpg")
    save_noise(tmp_path / "cut.png")
    save_noise(tmp_path / "broken.png")
    data = bytearray((tmp_path / "broken.png").read_bytes())
    data[60:90] = b"\xff" * 30
    (tmp_path / "broken.png").write_bytes(data)
    Image.new("RGB", (64, 64), (9, 9, 9)).save(tmp_path / "blank.png")
    return {
        "gone.jpg": (str(tmp_path / "gone.jpg"), picture_checks.MISSING),
        "text.jpg": (str(tmp_path / "text.jpg"), picture_checks.UNREADABLE),
        "empty.jpg": (str(tmp_path / "empty.jpg"), picture_checks.UNREADABLE),
        "folder.jpg": (str(tmp_path / "folder.jpg"), picture_checks.UNREADABLE),
        "broken.png": (str(tmp_path / "broken.png"), picture_checks.UNREADABLE),
        "cut.jpg": (cut(tmp_path / "cut.jpg", 0.5), picture_checks.TRUNCATED),
        "cut.png": (cut(tmp_path / "cut.png", 0.5), picture_checks.TRUNCATED),
        "huge.png": (png_that_claims(tmp_path / "huge.png", 30_000, 30_000), picture_checks.BOMB),
        "large.png": (png_that_claims(tmp_path / "large.png", 10_000, 9_000), picture_checks.BOMB),
        "small.png": (save_noise(tmp_path / "small.png", (31, 400)), picture_checks.TOO_SMALL),
        "blank.png": (str(tmp_path / "blank.png"), picture_checks.BLANK),
        "good.png": (save_noise(tmp_path / "good.png", (32, 40)), ""),
    }


@pytest.mark.filterwarnings("error")
def test_every_bad_picture_has_its_reason_in_the_order_asked(zoo):
    paths, reasons = zip(*zoo.values(), strict=True)
    found = picture_checks.inspect_pictures(paths, min_size=32)
    assert dict(zip(zoo, found["reason"], strict=True)) == dict(zip(zoo, reasons, strict=True))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_passes_here_opens_in_later_stages_and_the_rest_is_refused_there(zoo):
    for path, reason in zoo.values():
        if reason in {"", picture_checks.TOO_SMALL, picture_checks.BLANK}:
            assert read_picture(path).mode == "RGB"
        else:
            with pytest.raises(UserError):
                read_picture(path)


def test_hash_and_size_are_the_files(tmp_path):
    path = save_noise(tmp_path / "a.jpg", (64, 48))
    exif = Image.Exif()
    exif[0x0112] = 8
    turned = save_noise(tmp_path / "b.jpg", (64, 48), exif=exif)
    found = picture_checks.inspect_pictures([path, turned], min_size=1)
    digests = [hashlib.sha256((tmp_path / n).read_bytes()).hexdigest() for n in ("a.jpg", "b.jpg")]
    assert found["sha256"].tolist() == digests
    assert found[["width", "height"]].to_numpy().tolist() == [[64, 48], [48, 64]]


def test_many_pictures_are_inspected_in_processes_and_keep_their_order(tmp_path):
    files = [save_noise(tmp_path / f"{i}.png", (8 + i, 8), seed=i) for i in range(5)]
    paths = (files * 80)[:390]
    found = picture_checks.inspect_pictures(paths, min_size=1)
    assert found["width"].tolist() == ([8, 9, 10, 11, 12] * 80)[:390]
    assert (found["reason"] == "").all()


def test_workers_do_not_load_torch():
    code = "import sys, emotion.picture_checks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def rows_and_findings(reasons):
    rows = pd.DataFrame(
        {
            "path": [f"p/{len(reasons) - i}.png" for i in range(len(reasons))],
            "label": "happy",
            "age": [str(i) for i in range(len(reasons))],
        },
        index=range(10, 10 + len(reasons)),
    )
    records = [
        picture_checks.Finding(f"h{i}", 40 + i, 50, reason) for i, reason in enumerate(reasons)
    ]
    return rows, pd.DataFrame(records)


def test_rejected_rows_are_parted_from_the_good_ones():
    rows, findings = rows_and_findings(["", "blank", "", "missing"])
    good, rejected = picture_checks.separate_rejected(rows, findings, max_rejected=0.5)
    assert good["path"].tolist() == ["p/4.png", "p/2.png"]
    assert good["sha256"].tolist() == ["h0", "h2"]
    assert good["width"].tolist() == [40, 42]
    assert good["age"].tolist() == ["0", "2"]
    assert rejected.to_dict("list") == {
        "path": ["p/1.png", "p/3.png"],
        "label": ["happy", "happy"],
        "reason": ["missing", "blank"],
    }


def test_more_rejected_than_allowed_stops_with_counts_files_and_cure():
    rows, findings = rows_and_findings(["blank"] * 4 + ["missing"] + [""] * 6)
    with pytest.raises(UserError) as caught:
        picture_checks.separate_rejected(rows, findings, max_rejected=0.4)
    message = str(caught.value)
    assert "5 of 11 pictures cannot be used" in message
    assert "4 blank (p/10.png, p/11.png, p/8.png, ...)" in message
    assert "1 missing (p/7.png)" in message
    assert "data.max_rejected from 0.4 to 0.4546" in message
    assert "min_size" not in message
    picture_checks.separate_rejected(rows, findings, max_rejected=0.4546)


def test_a_corpus_of_small_pictures_is_told_of_min_size_not_of_max_rejected():
    rows, findings = rows_and_findings(["too small"] * 4)
    with pytest.raises(UserError, match=r"lower data\.min_size") as caught:
        picture_checks.separate_rejected(rows, findings, max_rejected=0.0)
    assert "max_rejected" not in str(caught.value)


def test_the_list_of_rejected_is_written_even_when_empty(tmp_path):
    rows, findings = rows_and_findings(["", ""])
    _, rejected = picture_checks.separate_rejected(rows, findings, max_rejected=0.0)
    picture_checks.write_rejected(tmp_path / "rejected.csv", rejected)
    assert (tmp_path / "rejected.csv").read_text() == "path,label,reason\n"
