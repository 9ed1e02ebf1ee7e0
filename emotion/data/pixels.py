"""Convert pixels of any mode, depth and range to upright 8-bit gray or RGB, or refuse them.

The rules are the same for files, Pillow images and arrays, in training and in use:

- 1 and 8 unsigned bits have the full range. Palettes, CMYK, YCbCr, LAB and HSV are converted by
  Pillow, and transparent pixels are blended with white.
- 16 unsigned bits are 0..65535, as PNG, PGM and TIFF define, and the upper 8 are kept. If all
  values are below 16384, the image is refused: cameras of 10, 12 and 14 bits write values that are
  not scaled, and nothing in the file tells these from a dark image. A TIFF file that declares 12
  bits has 0..4095.
- Floats are 0..1, as in Matplotlib and scikit-image. Other floats (0..255, 0..65535, light without
  an upper limit, NaN) are refused.
- Integers with sign, or of 32 or more bits, are refused. The exception is a PGM file, which Pillow
  reads as 32-bit integers and scales to 0..65535.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps

from emotion.core.errors import UserError

_STRIP = 1 << 20  # pixels that are converted at once
_HIGH = 1 << 14  # that one value of an image of 16 bits reaches
_DEEP = re.compile(r"\W*(RGB|LA)\w?;16")  # Pillow's notation for color of 16 bits per channel
_LEVEL = {"L;2": 85, "L;4": 17}  # of the same notation, to the step between two gray levels
_PHOTOMETRIC, _BITS, _SAMPLE_FORMAT = 262, 258, 339  # tags of TIFF
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # by the number of channels of an array
_Convert = Callable[[Image.Image], Image.Image]


class UnknownRangeError(ValueError):
    """The predicate of a sentence about values whose scale is unknown."""

    hint = "save it with 8 bits, with 16 unsigned bits of 0..65535, or with floats of 0..1"


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to upright 8-bit RGB by the rules of this module.

    Args:
        image: decoded or not; an upright one of mode RGB is returned itself.

    Raises:
        UnknownRangeError: its values cannot be scaled for certain.
        Exception: of almost any type, by the decoders of Pillow.
    """
    image = to_8_bits(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def to_8_bits(image: Image.Image) -> Image.Image:
    """Convert as `to_rgb`, but gray may be of mode L."""
    kind, tags = image.format, getattr(image, "tag_v2", {})
    stored = [str(tile[3]) for tile in getattr(image, "tile", ())]  # empty if it is decoded
    image = _upright(image)
    if image.mode[0] in "IF":
        return _scale_gray(image, kind, tags)
    if 2 in tags.get(_SAMPLE_FORMAT, ()):  # Pillow ignores the sign
        raise UnknownRangeError("has 8-bit integers with sign, whose scale is unknown")
    if image.has_transparency_data:
        if stored and stored[0] in _LEVEL and isinstance(image.info.get("transparency"), int):
            image = image.copy()  # Pillow scales the pixels, but not the value that is transparent
            image.info["transparency"] *= _LEVEL[stored[0]]
        image = _in_strips(image, _over_white, "RGB")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    if any(map(_DEEP.match, stored)):
        lows, highs = zip(*_extrema(image), strict=True)
        _check_16_bits(min(lows) << 8, max(highs) << 8)
    return image


def from_array(array: np.ndarray) -> Image.Image:
    """Convert an array to an 8-bit image of mode L, LA, RGB or RGBA by the rules of this module.

    Args:
        array: gray (H, W) or (H, W, 1), gray and alpha (H, W, 2), RGB (H, W, 3) or RGBA (H, W, 4);
            uint8, bool, uint16 of 0..65535, or floats of 0..1; not empty.

    Raises:
        UnknownRangeError: its values cannot be scaled for certain.
        UserError: it has another shape or type.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in _MODES or array.dtype.kind not in "biuf":
        raise UserError(
            f"an array of shape {array.shape} and type {array.dtype} is not an image",
            "give RGB (height, width, 3) or gray (height, width) of type uint8",
        )
    values = np.asarray(array).reshape(*array.shape[:2], channels)
    colors = values[..., : 1 if channels < 3 else 3]
    low, high = colors.min(), colors.max()
    if values.dtype.kind == "f":
        _check_floats(low, high)
    elif values.dtype.newbyteorder("=") == np.uint16:
        _check_16_bits(low, high)
    elif values.dtype not in (np.uint8, np.bool):
        raise _unknown(values.dtype, low, high)
    pixels = np.empty(values.shape, np.uint8)
    rows = max(1, _STRIP // values.shape[1])
    for top in range(0, len(values), rows):
        pixels[top : top + rows] = _to_uint8(values[top : top + rows])
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def is_blank(image: Image.Image) -> bool:
    """Whether all pixels of an 8-bit image are equal."""
    sample = image.resize((8, 8), Image.Resampling.NEAREST)  # differs in most, and is fast
    return all(low == high for part in (sample, image) for low, high in _extrema(part))


def _upright(image: Image.Image) -> Image.Image:
    """The decoded image itself, or a copy that is turned as its EXIF data says."""
    image.load()
    # Without `info` there is no orientation. `load` has already turned a TIFF.
    if image.info and image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        return ImageOps.exif_transpose(image)
    return image


def _scale_gray(image: Image.Image, kind: str | None, tags: Any) -> Image.Image:
    """An image of mode F, I or I;16 as one of mode L."""
    if image.mode == "I" and kind != "PPM":
        raise _unknown("32-bit or signed", *image.getextrema())
    bits = 12 if tags.get(_BITS) == (12,) else 16
    ranges = np.array([(values.min(), values.max()) for values in map(np.asarray, _strips(image))])
    if image.mode == "F":
        _check_floats(ranges.min(), ranges.max())
    elif bits == 16:
        _check_16_bits(ranges.min(), ranges.max())
    transparent = image.info.get("transparency")  # a value

    def convert(strip: Image.Image) -> Image.Image:
        values = np.asarray(strip)
        pixels = _to_uint8(values if image.mode == "F" else values.astype(np.uint16) << (16 - bits))
        if tags.get(_PHOTOMETRIC) == 0:  # zero is white, which Pillow applies to 8 bits only
            pixels = 255 - pixels
        if isinstance(transparent, int):
            pixels[values == transparent] = 255
        return Image.fromarray(pixels)

    return _in_strips(image, convert, "L")


def _to_uint8(values: np.ndarray) -> np.ndarray:
    """Values of a type of this module as uint8 of 0..255."""
    if values.dtype.kind == "f":
        return np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * 255
    return (values >> (8 * values.dtype.itemsize - 8)).astype(np.uint8)


def _check_16_bits(low: int, high: int) -> None:
    if low < high < _HIGH:
        problem = f"has 16-bit values from {low} to {high}: a dark image, or one of 10 to 14 bits"
        raise UnknownRangeError(problem)


def _check_floats(low: float, high: float) -> None:
    if not 0 <= low <= high <= 1:  # or NaN
        raise _unknown("float", low, high)


def _unknown(type: object, low: float, high: float) -> UnknownRangeError:
    # Extrema of floats with NaN are NaN.
    return UnknownRangeError(f"has {type} values from {low:g} to {high:g}, whose scale is unknown")


def _extrema(image: Image.Image) -> list[list[int]]:
    """Smallest and largest value of each channel of an 8-bit image."""
    extrema: list[list[int]] = np.array(image.getextrema()).reshape(-1, 2).tolist()
    return extrema


def _strips(image: Image.Image) -> Iterator[Image.Image]:
    """Its rows, from the top, in parts of about _STRIP pixels."""
    rows = max(1, _STRIP // max(1, image.width))
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _in_strips(image: Image.Image, convert: _Convert, mode: str) -> Image.Image:
    """The result of `convert`, computed strip by strip to keep its intermediate images small."""
    result, top = Image.new(mode, image.size), 0
    for strip in _strips(image):
        result.paste(convert(strip), (0, top))
        top += strip.height
    return result


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode == "La":  # Pillow converts it to LA only
        image = image.convert("LA")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
