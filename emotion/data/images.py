"""List and decode image files of any format and mode to upright 8-bit RGB, and encode images."""

import io
import math
import os
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emotion.core.errors import UserError
from emotion.core.files import open_regular

# Pillow reads more formats, among them EPS, for which it starts another program. They are tried in
# this order, and from TIFF on Pillow first imports all its plugins.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "AVIF")
# Files with other suffixes in a folder of images (Thumbs.db, notes, ...) are ignored.
SUFFIXES = {
    *(".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"),
    *(".tif", ".tiff", ".webp"),
}
_STRIP = 1 << 20  # pixels that are converted at once
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
    """Decode a file to 8-bit RGB.

    EXIF rotation is applied, transparent pixels are blended with white, 16 bits are scaled to 8. Of
    an animation, the first frame is read.

    Args:
        path: of the file.
        max_pixels: largest width times height that is decoded; None for Pillow's limit.

    Returns:
        An upright image of mode RGB.

    Raises:
        UserError: the file is missing, truncated, too large or not an image.
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


def decode_image(file: BinaryIO, name: str, max_pixels: int | None = None) -> Image.Image:
    """Decode an image as `read_image` does.

    Args:
        file: its bytes, from the current position.
        name: of the image, for the messages.
        max_pixels: as in `read_image`.

    Returns:
        As `read_image`.

    Raises:
        UserError: it is truncated, too large or not an image.
    """
    limit = Image.MAX_IMAGE_PIXELS or math.inf if max_pixels is None else max_pixels
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > limit:
                raise Image.DecompressionBombError(f"more than {limit:,} pixels")
            ImageOps.exif_transpose(image, in_place=True)
            return to_rgb(image)
    except UnidentifiedImageError:
        problem = f"cannot be read: it is no image of a readable format ({', '.join(FORMATS)})"
        raise UserError(problem, "convert or remove it", file=name) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(name, error) from None


def count_pixels(file: BinaryIO) -> int:
    """Width times height of an image, from its header alone; 0 for other files.

    Args:
        file: its bytes, from the current position.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            return image.width * image.height
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
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


def _unreadable(path: str | Path, error: Exception) -> UserError:
    return UserError(f"cannot be read as an image ({error})", "repair or remove it", file=path)


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to 8-bit RGB.

    16-bit values 0..65535 are scaled to 0..255, and transparent pixels are blended with white.

    Args:
        image: decoded or not; an image of mode RGB is returned itself.
    """
    if image.mode.startswith("I"):
        return _in_strips(image, _from_16_bits)
    if image.has_transparency_data:
        return _in_strips(image, _over_white)
    if image.mode == "RGB":
        image.load()
        return image
    return image.convert("RGB")


def _in_strips(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """The result of `convert`, computed strip by strip to keep its intermediate images small."""
    image.load()
    rows = max(1, _STRIP // max(1, image.width))
    result = Image.new("RGB", image.size)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        result.paste(convert(strip), (0, top))
    return result


def _from_16_bits(image: Image.Image) -> Image.Image:
    # Pillow's own conversion clips 16-bit values to 255, which turns an image white.
    values = np.asarray(image).astype(np.float64).clip(0, 65535)
    return Image.fromarray(np.rint(values / 257).astype(np.uint8)).convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
