"""Whether a video ends early: its container states more than the file has.

OpenCV's number of frames is that of the container for AVI and MP4 only; for others it is an
estimate from the duration. Fewer frames than stated may also be right: AVI counts repeated frames
without data, a trimmed MP4 file has frames that are not shown, and its first ones may depend on
others that it lacks. A file that never stated its length, as live recordings and MPEG streams, is
taken as it is.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

_INDEX = np.dtype("S2, S2, <u4, <u4, <u4")  # of AVI: stream, kind, flags, place, size
_LARGEST_INDEX = 1 << 28  # bytes; a longer one would be that of 100 hours
_EMPTY = 8  # bytes; an AVI frame of up to this size repeats the one before
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"  # of Matroska and WebM


def explain_early_end(
    file: BinaryIO, frames: int, seconds: float, stated: float, rate: float
) -> str:
    """Say what a video lacks.

    Args:
        file: of the video; its position changes.
        frames: number that was decoded, at least 1.
        seconds: time of the last one.
        stated: number of frames by OpenCV.
        rate: frames per second by OpenCV.

    Returns:
        The predicate of a sentence, such as "ends after 15 of 30 frames"; "" if nothing is missing,
        or the container does not tell.
    """
    file.seek(0)
    head, size = file.read(12), file.seek(0, os.SEEK_END)
    if head.startswith(_EBML):
        missing = _segment_end(file) - size
        return f"ends after {frames} frames: {missing:,} bytes are missing" if missing > 0 else ""
    expected = 0
    if not (stated > 0 and rate > 0):
        return ""
    if head.startswith(b"RIFF"):
        expected = _count_avi_frames(file, size, round(stated))
    elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
        # Half a frame of tolerance, for a time is rounded.
        gap = seconds / (frames - 1) if frames > 1 else 1 / rate
        is_early = seconds + 1.5 * gap < stated / rate
        expected = round(stated) if is_early and not _is_trimmed(file, size) else 0
    return f"ends after {frames} of {expected} frames" if frames < expected else ""


def _count_avi_frames(file: BinaryIO, size: int, stated: int) -> int:
    """Frames with data by the index; `stated` if the file is cut before it; 0 if it has none."""
    start = 12
    while start + 8 <= size:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"idx1":
            table = file.read(min(length, _LARGEST_INDEX))
            index = np.frombuffer(table, _INDEX, len(table) // _INDEX.itemsize)
            frames = index[(index["f4"] > _EMPTY) & np.isin(index["f1"], [b"dc", b"db"])]
            return int((frames["f0"] == frames["f0"][:1]).sum())
        start += 8 + length + length % 2
    return stated if start > size else 0


def _is_trimmed(file: BinaryIO, size: int) -> bool:
    """Whether an MP4 file shows less than it has of a track, by the durations of its boxes."""
    scale, shown = 0, 0.0
    for kind, start in _boxes(file, size):
        file.seek(start)
        version, body = file.read(4)[:1], file.read(32)
        if len(body) < 32:
            continue
        if kind in (b"mvhd", b"mdhd"):
            layout, skipped = (">IQ", 16) if version == b"\1" else (">II", 8)
            units, duration = struct.unpack_from(layout, body, skipped)
            if kind == b"mvhd":
                scale = units
            elif scale and units and shown + 0.05 < duration / units:
                return True
        elif kind == b"tkhd":  # before the mdhd of its track
            layout, skipped = (">Q", 24) if version == b"\1" else (">I", 16)
            shown = struct.unpack_from(layout, body, skipped)[0] / max(scale, 1)
    return False


def _boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int]]:
    """Kind and start of the content of each box of MP4, those in moov, trak and mdia included."""
    start = 0
    while start + 8 <= end:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1 and start + 16 <= end:
            length, head = *struct.unpack(">Q", file.read(8)), 16
        if length == 0:  # to the end of the file
            length = end - start
        if length < head:
            return
        yield kind, start + head
        start += head if kind in (b"moov", b"trak", b"mdia") else length


def _segment_end(file: BinaryIO) -> int:
    """Where the only segment of Matroska ends by its header, bytes; 0 if it is unknown."""
    file.seek(4)
    file.seek(_read_length(file), os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return 0
    length = _read_length(file)
    return file.tell() + length if length else 0


def _read_length(file: BinaryIO) -> int:
    """A number of 1 to 8 bytes; the zeros before its first 1 bit say how many. 0: unknown."""
    first = (file.read(1) or b"\0")[0]
    count = 9 - first.bit_length()
    if count > 8:
        return 0
    value = int.from_bytes(bytes([first]) + file.read(count - 1))
    value -= 1 << (7 * count)
    return 0 if value == (1 << (7 * count)) - 1 else value
