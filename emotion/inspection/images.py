"""Inspect images in parallel; each is decoded whole, as `emotion.core.images` does it later.

So an image that passes here opens there.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BufferedReader, BytesIO, FileIO
from itertools import groupby
from multiprocessing import get_context
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from emotion.core.images import FORMATS, to_rgb
from emotion.inspection.fingerprints import hash_looks, hash_pixels, lowest_frequencies

# Why an image is turned away.
MISSING = "missing"
NOT_AN_IMAGE = "not an image"
UNREADABLE = "unreadable"  # a damaged image, or a file that may not be opened
TRUNCATED = "truncated"
BOMB = "decompression bomb"  # more pixels than Pillow's limit, about 89 million
TOO_SMALL = "too small"  # the short side is under data.min_size
BLANK = "blank"  # every pixel the same

# Of JPEG, PNG, GIF and TIFF (twice): what begins so was meant as an image.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")

_CHUNK = 256  # images a worker takes at a time
_SMALL = 1 << 16  # values in an image; larger ones would fill the memory if held together
_ONE_READ = 1 << 16  # bytes
_FEW = 512  # below this, starting processes costs more than they save


class Finding(NamedTuple):
    """What the inspection of one image found; zeros and nothing where it could not be read."""

    sha256: str  # of the decoded pixels
    looks: bytes  # perceptual hash
    width: int  # pixels, after EXIF rotation
    height: int
    mode: str  # of the file, as Pillow names it: L, RGB, P, I;16 ...
    reason: str  # "" when good, else one of the constants above


class _Decoded(NamedTuple):
    """A file's mode and its upright pixels, or why there are none."""

    reason: str
    mode: str = ""
    shape: tuple[int, ...] = ()  # (H, W) if it is plain gray, else (H, W, 3)
    pixels: bytes = b""


def inspect_images(
    paths: Sequence[str], min_size: int, workers: int | None = None
) -> list[Finding]:
    """Open and fully decode every image once, in parallel.

    Args:
        paths: files.
        min_size: pixels; an image whose short side is shorter is `too small`.
        workers: processes; None takes one a core.

    Returns:
        One finding a path, in the order of `paths`, whatever the number of workers.
    """
    from tqdm import tqdm  # here, because workers start faster without it

    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    inspect = partial(inspect_chunk, min_size=min_size)
    with tqdm(total=len(paths), desc="inspect images", unit="image", leave=False) as bar:
        findings = []
        for found in _in_parallel(inspect, chunks, workers or os.cpu_count() or 1, len(paths)):
            findings += found
            bar.update(len(found))
    return findings


def _in_parallel(inspect, chunks, workers: int, images: int) -> Iterator[list[Finding]]:
    if workers == 1 or images < _FEW:
        yield from map(inspect, chunks)
        return
    # Spawned: a fork of a process that has threads (torch, OpenMP) may never return.
    with ProcessPoolExecutor(min(workers, len(chunks)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(inspect, chunks)


def inspect_chunk(paths: Sequence[str], min_size: int) -> list[Finding]:
    """What a worker does with its share: see `inspect_images`."""
    with warnings.catch_warnings():
        # Pillow warns of odd metadata and large images; what matters of it becomes a reason.
        warnings.simplefilter("ignore")
        runs = groupby(map(_decode, paths), key=_run_of)
        return [finding for _, run in runs for finding in _judge(list(run), min_size)]


def _run_of(image: _Decoded) -> object:
    """Small neighbors of one size share a key and are judged together, a tenth faster."""
    if image.reason:
        return None
    return image.shape if len(image.pixels) <= _SMALL else object()


def _judge(run: list[_Decoded], min_size: int) -> list[Finding]:
    """Findings on images of one size, or on files that could not be read."""
    if run[0].reason:
        return [Finding("", b"", 0, 0, "", image.reason) for image in run]
    height, width = run[0].shape[:2]
    joined = b"".join([image.pixels for image in run])
    pixels = np.frombuffer(joined, dtype=np.uint8).reshape(len(run), *run[0].shape)
    looks = hash_looks(lowest_frequencies(pixels))
    if min(height, width) < min_size:
        reasons = [TOO_SMALL] * len(run)
    else:
        flat = pixels.reshape(len(run), height * width, -1)
        reasons = np.where((flat == flat[:, :1]).all(axis=(1, 2)), BLANK, "").tolist()
    return [
        Finding(hash_pixels(values), code.tobytes(), width, height, image.mode, reason)
        for image, values, code, reason in zip(run, pixels, looks, reasons, strict=True)
    ]


def _decode(path: str) -> _Decoded:
    try:
        with open(path, "rb", buffering=0) as raw:  # noqa: PTH123 (a Path takes longer)
            file = _in_memory_if_small(raw)
            try:
                return _decode_file(file)
            except MemoryError:
                raise
            except Image.DecompressionBombError:
                return _Decoded(BOMB)
            except Exception as error:  # damaged bytes make decoders raise nearly anything
                return _Decoded(_reason_of(error, file))
    except (FileNotFoundError, NotADirectoryError):
        return _Decoded(MISSING)
    except (OSError, ValueError):  # no permission, a folder, a NUL in the name
        return _Decoded(UNREADABLE)


def _in_memory_if_small(raw: FileIO) -> BinaryIO:
    """Read a small file in one go: Pillow's own small reads cost a twentieth of a decoding."""
    data = raw.read(_ONE_READ)
    if raw.read(1):
        raw.seek(0)
        return BufferedReader(raw)
    return BytesIO(data)


def _decode_file(file: BinaryIO) -> _Decoded:
    image = Image.open(file, formats=FORMATS)
    mode = image.mode
    if image.width * image.height > Image.MAX_IMAGE_PIXELS:
        return _Decoded(BOMB)
    image.load()
    # Without `info` there is no orientation; a TIFF has been turned by `load` already.
    if image.info and image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        ImageOps.exif_transpose(image, in_place=True)
    if mode == "L" and not image.has_transparency_data:
        return _Decoded("", mode, (image.height, image.width), image.tobytes())
    image = to_rgb(image)
    return _Decoded("", mode, (image.height, image.width, 3), image.tobytes())


def _reason_of(error: Exception, file: BinaryIO) -> str:
    """Why Pillow refused a file: cut short, damaged, or never an image."""
    if "truncated" in str(error).lower():
        return TRUNCATED
    file.seek(0)
    head = file.read(12)
    if file.seek(0, os.SEEK_END) < _least_size(head):
        return TRUNCATED
    unknown = isinstance(error, UnidentifiedImageError) and not head.startswith(_SIGNATURES)
    return NOT_AN_IMAGE if unknown else UNREADABLE


def _least_size(head: bytes) -> int:
    """Bytes that a file has by its own header; of a cut WebP or TIFF Pillow does not say so."""
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] in (b"II*\0", b"MM\0*"):  # where the list of tags stands, often the end
        return 1 + int.from_bytes(head[4:8], "little" if head[:1] == b"I" else "big")
    return 0
