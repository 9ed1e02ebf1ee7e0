"""Inspect pictures in parallel; each is decoded whole, as `emotion.core.pictures` does it later.

So a picture that passes here opens there.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from emotion.core.pictures import to_rgb
from emotion.inspection.fingerprints import hash_looks, hash_pixels, lowest_frequencies

# Why a picture is turned away.
MISSING = "missing"
NOT_A_PICTURE = "not a picture"
UNREADABLE = "unreadable"  # a damaged picture, or a file that may not be opened
TRUNCATED = "truncated"
BOMB = "decompression bomb"  # more pixels than Pillow's limit, about 89 million
TOO_SMALL = "too small"  # the short side is under data.min_size
BLANK = "blank"  # every pixel the same

# Of JPEG, PNG, GIF and TIFF (twice): what begins so was meant as a picture.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")

_CHUNK = 256  # pictures a worker takes at a time
_FEW = 512  # below this, starting processes costs more than they save


class Finding(NamedTuple):
    """What the inspection of one picture found; zeros and nothing where it could not be read."""

    sha256: str  # of the decoded pixels
    looks: bytes  # perceptual hash
    width: int  # pixels, after EXIF rotation
    height: int
    mode: str  # of the file, as Pillow names it: L, RGB, P, I;16 ...
    reason: str  # "" when good, else one of the constants above


class _Rejected(Exception):  # noqa: N818 (a finding about the file, not an error of ours)
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def inspect_pictures(
    paths: Sequence[str], min_size: int, workers: int | None = None
) -> list[Finding]:
    """Open and fully decode every picture once, in parallel.

    Args:
        paths: files.
        min_size: pixels; a picture whose short side is shorter is `too small`.
        workers: processes; None takes one a core.

    Returns:
        One finding a path, in the order of `paths`, whatever the number of workers.
    """
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    inspect = partial(inspect_chunk, min_size=min_size)
    with tqdm(total=len(paths), desc="inspect pictures", unit="picture", leave=False) as bar:
        findings = []
        for found in _in_parallel(inspect, chunks, workers or os.cpu_count() or 1, len(paths)):
            findings += found
            bar.update(len(found))
    return findings


def _in_parallel(inspect, chunks, workers: int, pictures: int) -> Iterator[list[Finding]]:
    if workers == 1 or pictures < _FEW:
        yield from map(inspect, chunks)
        return
    # Spawned: a fork of a process that has threads (torch, OpenMP) may never return.
    with ProcessPoolExecutor(min(workers, len(chunks)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(inspect, chunks)


def inspect_chunk(paths: Sequence[str], min_size: int) -> list[Finding]:
    """What a worker does with its share: see `inspect_pictures`."""
    findings, frequencies, readable = [], [], []
    with warnings.catch_warnings():
        # Pillow warns of odd metadata and large pictures; what matters of it becomes a reason.
        warnings.simplefilter("ignore")
        for index, path in enumerate(paths):
            try:
                mode, pixels = _decode(path)
            except _Rejected as rejected:
                findings.append(Finding("", b"", 0, 0, "", rejected.reason))
                continue
            height, width = pixels.shape[:2]
            reason = _reason(pixels, min_size)
            findings.append(Finding(hash_pixels(pixels), b"", width, height, mode, reason))
            frequencies.append(lowest_frequencies(pixels))
            readable.append(index)
    if readable:
        for index, looks in zip(readable, hash_looks(np.stack(frequencies)), strict=True):
            findings[index] = findings[index]._replace(looks=looks.tobytes())
    return findings


def _reason(pixels: np.ndarray, min_size: int) -> str:
    if min(pixels.shape[:2]) < min_size:
        return TOO_SMALL
    data, first = pixels.tobytes(), pixels[0, 0].tobytes()
    return BLANK if data == first * (len(data) // len(first)) else ""


def _decode(path: str) -> tuple[str, np.ndarray]:
    """The file's mode, and its upright pixels: uint8 (H, W) if it is plain grey, else (H, W, 3)."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (a Path takes 3 % of the whole time)
            try:
                return _decode_file(file)
            except (_Rejected, MemoryError):
                raise
            except Image.DecompressionBombError:
                raise _Rejected(BOMB) from None
            except Exception as error:  # damaged bytes make decoders raise nearly anything
                raise _Rejected(_reason_of(error, file)) from error
    except (FileNotFoundError, NotADirectoryError):
        raise _Rejected(MISSING) from None
    except (OSError, ValueError) as error:  # no permission, a folder, a NUL in the name
        raise _Rejected(UNREADABLE) from error


def _decode_file(file: BinaryIO) -> tuple[str, np.ndarray]:
    picture = Image.open(file)
    mode = picture.mode
    if picture.width * picture.height > Image.MAX_IMAGE_PIXELS:
        raise _Rejected(BOMB)
    if picture.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        ImageOps.exif_transpose(picture, in_place=True)
    if mode == "L" and not picture.has_transparency_data:
        # Less than the time of np.asarray, which asks Pillow for the same bytes.
        pixels = np.frombuffer(picture.tobytes(), dtype=np.uint8)
        return mode, pixels.reshape(picture.height, picture.width)
    return mode, np.asarray(to_rgb(picture))


def _reason_of(error: Exception, file: BinaryIO) -> str:
    """Why Pillow refused a file: cut short, damaged, or never a picture."""
    if "truncated" in str(error).lower():
        return TRUNCATED
    file.seek(0)
    head = file.read(12)
    if file.seek(0, os.SEEK_END) < _least_size(head):
        return TRUNCATED
    unknown = isinstance(error, UnidentifiedImageError) and not head.startswith(_SIGNATURES)
    return NOT_A_PICTURE if unknown else UNREADABLE


def _least_size(head: bytes) -> int:
    """Bytes that a file has by its own header; of a cut WebP or TIFF Pillow does not say so."""
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] in (b"II*\0", b"MM\0*"):  # where the list of tags stands, often the end
        return 1 + int.from_bytes(head[4:8], "little" if head[:1] == b"I" else "big")
    return 0
