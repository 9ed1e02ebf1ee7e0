"""Decode image files of any format and mode into upright 8-bit RGB."""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emotion.core.errors import UserError
from emotion.core.files import open_regular

# Pillow knows more formats, among them EPS, for which it starts another program.
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
# Files with another suffix in a folder of images (Thumbs.db, notes, ...) are ignored.
SUFFIXES = {
    *(".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"),
    *(".tif", ".tiff", ".webp"),
}
# Images too, but Pillow cannot read them.
OTHER_SUFFIXES = {".heic", ".heif", ".jxl", ".svg", ".cr2", ".nef", ".dng", ".arw", ".psd"}


def read_image(path: str | Path) -> Image.Image:
    """Decode a whole file: EXIF rotation applied, transparency over white, 16 bits to 8, RGB out.

    Of an animation, the first frame.

    Raises:
        UserError: the file is missing, truncated, too large or not an image; the message names it.
    """
    try:
        with open_regular(path) as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
                raise Image.DecompressionBombError(f"more than {Image.MAX_IMAGE_PIXELS:,} pixels")
            return to_rgb(ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; restore it, or correct the path.") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path} cannot be read as an image ({error}); repair or remove it."
        ) from None


def to_rgb(image: Image.Image) -> Image.Image:
    """An 8-bit RGB version of an image of any mode."""
    if image.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit values to 255, which turns an image white.
        values = np.asarray(image).astype(np.float64).clip(0, 65535)
        return Image.fromarray(np.rint(values / 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
