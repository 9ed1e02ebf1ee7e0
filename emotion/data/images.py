"""List image files, decode images in any form to upright 8-bit RGB, and encode images."""

import io
import math
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from emotion.core.errors import UserError
from emotion.core.file_kinds import FIRST, hint_for, kind_of
from emotion.core.files import open_regular
from emotion.data.pixels import UnknownRangeError, from_array, to_rgb

# Pillow reads more formats, among them EPS, for which it starts another program. They are tried in
# this order, and from TIFF on Pillow first imports all its plugins.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "AVIF")
# Files with other suffixes in a folder of images (Thumbs.db, notes, ...) are ignored.
SUFFIXES = {
    *(".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"),
    *(".tif", ".tiff", ".webp"),
}
# Image formats that Pillow cannot read.
OTHER_SUFFIXES = {".heic", ".heif", ".jxl", ".svg", ".cr2", ".nef", ".dng", ".arw", ".psd"}


def list_images(folder: Path) -> Iterator[Path]:
    """Yield the images in a folder and its subfolders, in any order; symbolic links are followed.

    What may be or contain an image but cannot be read is yielded too, so that the caller reports
    it: files of OTHER_SUFFIXES, broken links, and folders that cannot be listed. Hidden entries
    (.git, .cache, the ._x.jpg files of macOS) are left out, and a link to a folder above itself is
    not followed.
    """
    unlisted: list[Path] = []
    walk = os.walk(folder, followlinks=True, onerror=lambda e: unlisted.append(Path(e.filename)))
    for name, subfolders, names in walk:
        here = Path(name)
        above = [parent for parent in here.parents if parent.is_relative_to(folder)]
        if here.is_symlink() and any(map(here.samefile, above)):
            subfolders.clear()
            continue
        subfolders[:] = [name for name in subfolders if name[0] != "."]
        for path in (here / name for name in names if name[0] != "."):
            known = path.suffix.lower() in SUFFIXES | OTHER_SUFFIXES
            if known or (path.is_symlink() and not path.exists()):
                yield path
    yield from unlisted


def read_image(path: str | Path, max_pixels: int | None = None) -> Image.Image:
    """Decode a file to 8-bit RGB by the rules of `emotion.data.pixels`.

    EXIF rotation is applied. Of an animation, the first frame is read.

    Args:
        path: of the file.
        max_pixels: largest width times height that is decoded; None for Pillow's limit.

    Returns:
        An upright image of mode RGB.

    Raises:
        UserError: the file is missing, truncated, too large or not an image, or has values whose
            scale is unknown.
    """
    try:
        # Buffered: Pillow's many small reads would cost a seventh of the decoding time.
        file = BufferedReader(open_regular(path))
    except FileNotFoundError:
        raise UserError("is missing", "restore it, or correct the path", file=path) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _unreadable(path, error) from None
    with file:
        return decode_image(file, str(path), max_pixels)


def decode_image(file: IO[bytes], name: str, max_pixels: int | None = None) -> Image.Image:
    """Decode an image as `read_image` does.

    Args:
        file: its bytes; it stays open.
        name: of the image, for the messages.
        max_pixels: as in `read_image`.

    Returns:
        As `read_image`.

    Raises:
        UserError: as `read_image`.
    """
    with _explaining(name, file), Image.open(file, formats=FORMATS) as image:
        _check_size(image.size, name, max_pixels)
        return to_rgb(image)


def convert_image(
    image: Image.Image | np.ndarray, name: str, max_pixels: int | None = None
) -> Image.Image:
    """Convert a Pillow image, opened or decoded, or an array to what `read_image` returns.

    Args:
        image: with the EXIF data of its file, if it is not upright; or an array as in
            `emotion.data.pixels.from_array`.
        name: of the image, for the messages.
        max_pixels: as in `read_image`.

    Returns:
        As `read_image`; `image` itself, if it is such an image.

    Raises:
        UserError: as `read_image`; or it has no pixels.
    """
    with _explaining(name):
        if isinstance(image, np.ndarray):
            _check_size(image.shape[1::-1], name, max_pixels)
            image = from_array(image)
        _check_size(image.size, name, max_pixels)
        return to_rgb(image)


def count_pixels(file: IO[bytes]) -> int:
    """Width times height of an image, from its header alone; 0 for other files.

    Args:
        file: its bytes.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            return image.width * image.height
    except Exception:  # as in _explaining
        return 0


def encode_image(image: Image.Image, format: str, **options: Any) -> bytes:
    """The bytes of an image file.

    In memory, because `Image.save` with a path raises no error when the disk is full.

    Args:
        image: of a mode that the format has.
        format: a name of Pillow, such as PNG.
        options: of Pillow's encoder.
    """
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def _check_size(size: Sequence[int], name: str, max_pixels: int | None) -> None:
    limit = Image.MAX_IMAGE_PIXELS or math.inf if max_pixels is None else max_pixels
    if math.prod(size) > limit:
        shown = " x ".join(map(str, size))
        problem = f"has {shown} pixels, more than {limit:,}"
        raise UserError(problem, "give a smaller one", file=name)
    if 0 in size:
        raise UserError("has no pixels", "give an image of a face", file=name)


@contextmanager
def _explaining(name: str, file: IO[bytes] | None = None) -> Iterator[None]:
    """Turn an error of a decoder, of this file, into a UserError."""
    try:
        yield
    except UserError:
        raise
    except UnknownRangeError as error:
        raise UserError(str(error), error.hint, file=name) from None
    except UnidentifiedImageError:
        raise _unidentified(name, file) from None
    except Image.DecompressionBombError as error:  # its text has the only number
        pixels = "".join(re.findall(r"\((\d+) pixels", str(error))) or "too many"
        raise UserError(f"has {pixels} pixels", "give a smaller one", file=name) from None
    except Exception as error:  # decoders raise almost any type for damaged data
        raise _unreadable(name, error) from None


def _unidentified(name: str, file: IO[bytes] | None) -> UserError:
    """The error for what Pillow does not open."""
    kind, hint = "", "convert or remove it"
    if file and file.seekable():
        file.seek(0)
        kind = kind_of(file.read(FIRST))
    if kind.endswith(" image"):
        return UserError(f"is {kind} that is damaged or of a kind not read here", hint, file=name)
    if kind:
        return UserError(f"is {kind}, not an image", hint_for(kind, hint), file=name)
    problem = f"cannot be read: it is no image of a readable format ({', '.join(FORMATS)})"
    return UserError(problem, hint, file=name)


def _unreadable(path: str | Path, error: Exception) -> UserError:
    reason = str(error) or type(error).__name__  # a MemoryError has no text
    return UserError(f"cannot be read as an image ({reason})", "repair or remove it", file=path)
