"""Decode a picture file, whatever its form, into upright RGB."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emotion.core.errors import UserError

# What may be opened. Pillow knows more, among them EPS, for which it starts another program.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


def read_picture(path: str | Path) -> Image.Image:
    """Decode a whole file: EXIF rotation applied, transparency over white, 16 bits to 8, RGB out.

    Of an animation, the first frame.

    Raises:
        UserError: the file is missing, truncated, or no picture; the message names it.
    """
    try:
        with Image.open(path, formats=FORMATS) as picture:
            return to_rgb(ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise UserError(
            f"{path} is missing; restore it, or run `dvc repro prepare_splits`."
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} cannot be read ({error}); repair or delete it.") from None


def to_rgb(picture: Image.Image) -> Image.Image:
    """An 8-bit RGB version of a picture of any mode."""
    if picture.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit values to 255, which turns a picture white.
        values = np.asarray(picture).astype(np.float64).clip(0, 65535)
        return Image.fromarray(np.rint(values / 257).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")
