"""Fewer frames than a container states are an early end only where that is certain."""

import io
import struct

import pytest

from emotion.prediction.containers import explain_early_end


def chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def avi(sizes, frames=None, cut=0):
    """An AVI file with an index of the frames: their sizes, bytes; `cut` bytes are missing."""
    frames = sizes if frames is None else frames
    movie = b"movi" + b"".join(chunk(b"00dc", bytes(size)) for size in frames)
    index = b"".join(struct.pack("<4sIII", b"00dc", 16, 0, size) for size in sizes)
    sound = struct.pack("<4sIII", b"01wb", 16, 0, 99)
    body = b"AVI " + chunk(b"LIST", movie) + chunk(b"idx1", index + sound)
    return io.BytesIO(chunk(b"RIFF", body)[: -cut or None])


def box(kind, *content):
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def mp4(shown, whole, version=0):
    """An MP4 file whose only track has `whole` seconds, of which `shown` are shown."""
    times, duration = ("IIII", "I") if version == 0 else ("QQIQ", "Q")

    def head(units, seconds):
        first = bytes([version, 0, 0, 0])
        return first + struct.pack(f">{times}", 0, 0, units, seconds * units) + bytes(80)

    track = bytes([version, 0, 0, 0]) + struct.pack(
        f">{duration * 2}II{duration}", 0, 0, 1, 0, shown * 600
    )
    track += bytes(60)
    media = box(b"mdia", box(b"mdhd", head(1000, whole)))
    movie = box(b"moov", box(b"mvhd", head(600, shown)), box(b"trak", box(b"tkhd", track), media))
    return io.BytesIO(box(b"ftyp", b"isom") + movie + box(b"mdat", bytes(50)))


def matroska(size, present):
    data = b"\x1a\x45\xdf\xa3" + b"\x84" + bytes(4) + b"\x18\x53\x80\x67" + size
    return io.BytesIO(data + bytes(present))


def explain(file, frames, stated, seconds=None, rate=10.0):
    return explain_early_end(
        file, frames, (frames - 1) / rate if seconds is None else seconds, stated, rate
    )


def test_repeated_frames_of_avi_have_no_data_and_are_not_missing():
    assert explain(avi([500, 0, 0, 500, 0]), 2, 5) == ""
    assert explain(avi([500, 500, 0, 500, 0]), 2, 5) == "ends after 2 of 3 frames"


def test_an_avi_file_that_is_cut_before_its_index_lacks_what_its_header_states():
    assert explain(avi([500] * 5, cut=700), 3, 5) == "ends after 3 of 5 frames"
    assert explain(avi([500] * 5, cut=700), 5, 5) == ""  # the index alone is missing


def test_an_avi_file_that_never_had_an_index_is_taken_as_it_is():
    body = b"AVI " + chunk(b"LIST", b"movi" + chunk(b"00dc", bytes(500)))
    assert explain(io.BytesIO(chunk(b"RIFF", body)), 1, 5) == ""


@pytest.mark.parametrize("version", [0, 1])
def test_frames_that_a_trimmed_mp4_file_hides_are_not_missing(version):
    assert explain(mp4(2, 3, version), 20, 30) == ""
    assert explain(mp4(3, 3, version), 20, 30) == "ends after 20 of 30 frames"


def test_frames_that_are_missing_at_the_start_are_no_early_end():
    assert explain(mp4(3, 3), 27, 30, seconds=2.9) == ""


@pytest.mark.parametrize(("size", "missing"), [(b"\x84", ""), (b"\x40\x64", "60"), (b"\xff", "")])
def test_matroska_states_its_bytes_unless_it_is_live(size, missing):
    found = explain(matroska(size, 40), 7, 100)
    assert found == (f"ends after 7 frames: {missing} bytes are missing" if missing else "")


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"\0\0\0\x14ftyp", b"\x1a\x45\xdf\xa3", b"\0\0\1\xba" * 9]
)
@pytest.mark.parametrize("stated", [30.0, 0.0, -9e18, float("nan")])
def test_a_head_without_a_body_is_no_crash(data, stated):
    assert isinstance(explain(io.BytesIO(data), 7, stated), str)


def test_boxes_that_are_nested_deeply_end():
    moov = struct.pack(">I4s", 1 << 30, b"moov")
    assert "ends" in explain(io.BytesIO(box(b"ftyp") + moov * 5000), 7, 30)
