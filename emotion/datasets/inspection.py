"""Inspect images in parallel: decode and hash each one, or state why it cannot be used.

In the same pass, the faces of each image are found, if the settings ask for them.

Each image is decoded completely, in the same way as later stages do with `emotion.data.images`, so
an image that passes the inspection can be opened by them.
"""

import os
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from io import BufferedReader, BytesIO, FileIO
from itertools import groupby
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from emotion.core.files import open_regular
from emotion.core.processes import map_in_processes
from emotion.data.images import FORMATS
from emotion.data.pixels import UnknownRangeError, to_8_bits
from emotion.datasets.face_search import FoundFace, find_faces
from emotion.datasets.image_hashes import compute_phashes, hash_pixels, lowest_frequencies

# Reasons to reject an image.
MISSING = "missing"
NOT_AN_IMAGE = "not an image"
UNREADABLE = "unreadable"  # a damaged image, or no permission to open the file
TRUNCATED = "truncated"
UNKNOWN_RANGE = "unknown range of values"  # by the rules of emotion.data.pixels
BOMB = "decompression bomb"  # more pixels than Pillow's limit, about 89 million
TOO_SMALL = "too small"  # the short side is under data.min_size
BLANK = "blank"  # all pixels are equal

# Of JPEG, PNG, GIF and TIFF (twice). A file with such a signature is a damaged image, not another
# kind of file.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")

# Images per task of a worker; a photograph of megapixels takes a second, and the progress is shown.
_CHUNK, _CHUNK_OF_FACES = 256, 8
_SMALL = 1 << 16  # bytes of pixels; larger images are not batched, to bound the memory
_ONE_READ = 1 << 16  # bytes
# Images; for fewer, starting processes costs more time than it saves.
_FEW, _FEW_OF_FACES = 512, 96


class Finding(NamedTuple):
    """Result of inspecting one image; fields are empty or 0 if it could not be read."""

    sha256: str  # of the decoded pixels
    phash: bytes  # perceptual hash
    width: int  # pixels, after EXIF rotation
    height: int
    mode: str  # of the file, in Pillow's notation: L, RGB, P, I;16 ...
    reason: str  # "" for a usable image, otherwise one of the constants above
    faces: tuple[FoundFace, ...] = ()  # of a usable image, the largest first


class _Decoded(NamedTuple):
    """Mode and upright pixels of a file, uint8; or the reason why it could not be decoded."""

    reason: str
    mode: str = ""
    shape: tuple[int, ...] = ()  # (H, W), gray, or (H, W, 3)
    pixels: bytes = b""


class State(Protocol):
    """Findings that an interrupted run has stored; see inspection_state.py."""

    def find(self, paths: Sequence[str]) -> dict[str, Finding]:
        """The findings for those images that are stored, by path."""

    def append(self, paths: Sequence[str], findings: list[Finding]) -> None:
        """Store the findings for some images."""


def inspect_images(
    paths: Sequence[str],
    min_size: int,
    workers: int | None = None,
    *,
    faces: bool = False,
    state: State | None = None,
) -> list[Finding]:
    """Open and fully decode every image once, in parallel.

    Args:
        paths: image files.
        min_size: pixels; an image with a smaller short side is `too small`.
        workers: number of processes; None means one per core.
        faces: whether the faces of each usable image are found too.
        state: where findings are stored as soon as they are there; None: nowhere.

    Returns:
        One finding per path, in the order of `paths`, for any number of workers.
    """
    from tqdm import tqdm  # imported here because workers start faster without it

    stored = state.find(paths) if state else {}
    remaining = [path for path in paths if path not in stored]
    size, few = (_CHUNK_OF_FACES, _FEW_OF_FACES) if faces else (_CHUNK, _FEW)
    chunks = [remaining[start : start + size] for start in range(0, len(remaining), size)]
    inspect = partial(inspect_chunk, min_size=min_size, faces=faces)
    workers = min(os.cpu_count() or 1 if workers is None else workers, len(chunks))
    results = _map(inspect, chunks, workers if len(remaining) >= few else 1)
    bar = tqdm(
        total=len(paths),
        initial=len(paths) - len(remaining),
        desc="find faces" if faces else "inspect images",
        unit="image",
        leave=False,
    )
    findings: list[Finding] = []
    with bar, closing(results):
        for chunk, found in zip(chunks, results, strict=True):
            if state:
                state.append(chunk, found)
            findings += found
            bar.update(len(found))
    new = iter(findings)
    return [stored.get(path) or next(new) for path in paths]


def _map(
    inspect: Callable[[Sequence[str]], list[Finding]], chunks: Sequence[Sequence[str]], workers: int
) -> Generator[list[Finding]]:
    yield from map_in_processes(inspect, chunks, workers) if workers > 1 else map(inspect, chunks)


def inspect_chunk(paths: Sequence[str], min_size: int, faces: bool = False) -> list[Finding]:
    """Inspect one chunk in a worker; see `inspect_images`."""
    with warnings.catch_warnings():
        # Pillow warns about unusual metadata and large images; the relevant cases are reasons.
        warnings.simplefilter("ignore")
        batches = groupby(map(_decode, paths), key=_batch_key)
        return [
            finding
            for _, batch in batches
            for finding in _check_batch(list(batch), min_size, find_faces if faces else None)
        ]


def _batch_key(image: _Decoded) -> object:
    """Key by which consecutive small images of one size are batched, which is 10 % faster."""
    if image.reason:
        return None
    return image.shape if len(image.pixels) <= _SMALL else object()


def _check_batch(
    batch: list[_Decoded],
    min_size: int,
    find: Callable[[np.ndarray], tuple[FoundFace, ...]] | None,
) -> list[Finding]:
    """Findings for images of one size, or for files that could not be read."""
    if batch[0].reason:
        return [Finding("", b"", 0, 0, "", image.reason) for image in batch]
    height, width = batch[0].shape[:2]
    joined = b"".join([image.pixels for image in batch])
    pixels = np.frombuffer(joined, dtype=np.uint8).reshape(len(batch), *batch[0].shape)
    phashes = compute_phashes(lowest_frequencies(pixels))
    if min(height, width) < min_size:
        reasons = [TOO_SMALL] * len(batch)
    else:
        flat = pixels.reshape(len(batch), height * width, -1)
        blank = (flat[:, :width] == flat[:, :1]).all(axis=(1, 2))
        if blank.any():  # few images have one color in the first row
            blank = (flat == flat[:, :1]).all(axis=(1, 2))
        reasons = np.where(blank, BLANK, "").tolist()
    found = [
        find(one) if find and not bad else () for one, bad in zip(pixels, reasons, strict=True)
    ]
    return [
        Finding(hash_pixels(values), phash.tobytes(), width, height, image.mode, reason, faces)
        for image, values, phash, reason, faces in zip(
            batch, pixels, phashes, reasons, found, strict=True
        )
    ]


def _decode(path: str) -> _Decoded:
    try:
        with open_regular(path) as raw:
            file = _in_memory_if_small(raw)
            try:
                return _decode_file(file)
            except MemoryError:
                raise
            except Image.DecompressionBombError:
                return _Decoded(BOMB)
            except UnknownRangeError:
                return _Decoded(UNKNOWN_RANGE)
            except Exception as error:  # decoders raise almost any type for damaged data
                return _Decoded(_reason_of(error, file))
    except (FileNotFoundError, NotADirectoryError):
        return _Decoded(MISSING)
    except (OSError, ValueError):  # no permission, a folder or pipe, a NUL in the path
        return _Decoded(UNREADABLE)


def _in_memory_if_small(raw: FileIO) -> BinaryIO:
    """Read a small file at once: Pillow's many small reads take 5 % of the decoding time."""
    data = raw.read(_ONE_READ)
    if raw.read(1):
        raw.seek(0)
        return BufferedReader(raw)
    return BytesIO(data)


def _decode_file(file: BinaryIO) -> _Decoded:
    image: Image.Image = Image.open(file, formats=FORMATS)
    mode = image.mode
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        return _Decoded(BOMB)
    image = to_8_bits(image)
    shape = (image.height, image.width, 3)
    return _Decoded("", mode, shape[:2] if image.mode == "L" else shape, image.tobytes())


def _reason_of(error: Exception, file: BinaryIO) -> str:
    """Why Pillow could not decode a file: truncated, damaged, or not an image."""
    if "truncated" in str(error).lower():
        return TRUNCATED
    file.seek(0)
    head = file.read(12)
    if file.seek(0, os.SEEK_END) < _min_file_size(head):
        return TRUNCATED
    unknown = isinstance(error, UnidentifiedImageError) and not head.startswith(_SIGNATURES)
    return NOT_AN_IMAGE if unknown else UNREADABLE


def _min_file_size(head: bytes) -> int:
    """Minimum file size in bytes by the header: Pillow does not report a truncated WebP or TIFF."""
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] in (b"II*\0", b"MM\0*"):  # offset of the tag directory, often at the end
        return 1 + int.from_bytes(head[4:8], "little" if head[:1] == b"I" else "big")
    return 0
