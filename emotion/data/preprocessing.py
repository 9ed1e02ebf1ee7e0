"""Preprocessing: size, resizing and normalization of the images that a network takes.

Training, evaluation, explanation, export and prediction read images only through a `Preprocessing`,
so they cannot differ in size, filter or crop. The checkpoint, the metadata of the ONNX file and the
Hub folder contain it. It needs numpy and Pillow only: prediction runs without torch.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from PIL import Image, ImageOps

from emotion.core.text import shorten
from emotion.data.images import read_image

LARGEST_SIDE = 2048  # pixels; a larger value in a file would need gigabytes per image
ImageArray = TypeVar("ImageArray", bound=Any)  # numpy array or torch tensor; both slice alike
_FILTERS = tuple(method.name.lower() for method in Image.Resampling)


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Input size, normalization and resizing of one network.

    Raises:
        ValueError: a value is out of range. Callers that read it from a file add the file and a
            hint.
    """

    img_size: int  # side of the input, pixels
    mean: tuple[float, float, float]  # of the normalization, RGB in 0..1
    std: tuple[float, float, float]
    interpolation: str  # name of a Pillow filter, lower case
    grayscale: bool = False  # luminance only, repeated in the three input channels
    resize_scale: float = 1.14  # short side after resizing, in units of img_size

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {shorten(repr(getattr(self, name)))}, but should be {expected}"
            for name, expected, valid in (
                ("img_size", f"an integer in 1..{LARGEST_SIDE}", _is_side(self.img_size)),
                ("mean", "three numbers in -10..10", _are_numbers(self.mean, -10)),
                ("std", "three numbers in 0.001..10", _are_numbers(self.std, 0.001)),
                ("interpolation", f"one of {', '.join(_FILTERS)}", self.interpolation in _FILTERS),
                ("grayscale", "true or false", isinstance(self.grayscale, bool)),
                ("resize_scale", "a number in 1..4", _is_number(self.resize_scale, 1, 4)),
            )
            if not valid
        ]
        if problems:
            raise ValueError(f"preprocessing: {'; '.join(problems)}")

    @property
    def resized_side(self) -> int:
        """Side of the square that `read` returns, pixels.

        The central `img_size` pixels of it are the evaluation view. A random crop of 75-100 % of
        its area is resampled by a factor near 1, so the training view needs no anti-aliasing.
        """
        return round(self.resize_scale * self.img_size)

    def read(self, path: str | Path) -> np.ndarray:
        """Decode a file, resize its short side to `resized_side` and crop the central square.

        Returns:
            uint8 (3, S, S), RGB; (1, S, S), luminance, if `grayscale`.

        Raises:
            UserError: the file is missing or cannot be read.
        """
        return self.prepare(read_image(path))

    def prepare(self, image: Image.Image) -> np.ndarray:
        """The result of `read` for a decoded RGB image of any size."""
        side = self.resized_side  # cropped and resized in one resampling
        image = ImageOps.fit(image, (side, side), Image.Resampling[self.interpolation.upper()])
        if self.grayscale:
            return np.asarray(image.convert("L"))[np.newaxis]
        return np.asarray(image).transpose(2, 0, 1)

    def center_crop(self, images: ImageArray) -> ImageArray:
        """The central square of images: (..., S, S) to (..., img_size, img_size).

        Args:
            images: a numpy array or a torch tensor of any dtype; the result is a view of it.
        """
        start = (images.shape[-1] - self.img_size) // 2
        stop = start + self.img_size
        return images[..., start:stop, start:stop]

    def to_json(self) -> str:
        """One line of JSON with a key for each field."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse what `to_json` wrote.

        Raises:
            ValueError: not JSON, other keys, or a value out of range.
        """
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:  # or nested too deeply
            raise ValueError(f"preprocessing is not valid JSON ({error})") from None
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """Build from a mapping with a key for each field; errors as in `from_json`."""
        names = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(values, dict) or set(values) != names:
            found = ", ".join(map(repr, values)) if isinstance(values, dict) else repr(values)
            raise ValueError(
                f"preprocessing has {shorten(found)}, but needs {', '.join(sorted(names))}"
            )
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value, 1, LARGEST_SIDE)


def _is_number(value: Any, low: float, high: float) -> bool:
    """Whether it is a number of the range; NaN, infinity, true and false are not."""
    return isinstance(value, int | float) and type(value) is not bool and low <= value <= high


def _are_numbers(values: Any, low: float) -> bool:
    return (
        isinstance(values, tuple)
        and len(values) == 3
        and all(_is_number(value, low, 10) for value in values)
    )
