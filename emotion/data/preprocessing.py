"""Preprocessing: crop, size, resizing and normalization of the images that a network takes.

Training, evaluation, explanation, export and prediction read images only through a `Preprocessing`,
so they cannot differ in crop, size or filter. The checkpoint, the metadata of the ONNX file and the
Hub folder contain it. It needs numpy and Pillow only: prediction runs without torch.
"""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from PIL import Image, ImageOps

from emotion.core.text import shorten
from emotion.data.face import Face, FaceImage
from emotion.data.face_crop import KINDS, central_square, face_square, warp
from emotion.data.images import read_image

MARGINS = (0.5, 3.0)  # smallest and largest side of the view, in units of the tight square
LARGEST_SIDE = 2048  # pixels; a larger value in a file would need gigabytes per image
ImageArray = TypeVar("ImageArray", bound=Any)  # numpy array or torch tensor; both slice alike
FORMER = {"faces": "as_is", "face_margin": 1.0}  # of files without these keys
_FILTERS = tuple(method.name.lower() for method in Image.Resampling)


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Crop, input size, normalization and resizing of one network.

    Raises:
        ValueError: a value is out of range. Callers that read it from a file add the file and a
            hint.
    """

    img_size: int  # side of the input, pixels
    mean: tuple[float, float, float]  # of the normalization, RGB in 0..1
    std: tuple[float, float, float]
    interpolation: str  # name of a Pillow filter, lower case
    grayscale: bool = False  # luminance only, repeated in the three input channels
    resize_scale: float = 1.14  # side of what is read, in units of img_size
    faces: str = "as_is"  # the crop, one of face_crop.KINDS
    face_margin: float = 1.0  # side of the network's view of a face, in units of the tight square

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
                ("faces", f"one of {', '.join(KINDS)}", self.faces in KINDS),
                (
                    "face_margin",
                    f"a number in {MARGINS[0]:g}..{MARGINS[1]:g}",
                    _is_number(self.face_margin, *MARGINS),
                ),
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

    @property
    def finds_faces(self) -> bool:
        """Whether the network takes crops of faces that a detector has found."""
        return self.faces != "as_is"

    @property
    def crop(self) -> str:
        """How a face is cropped, for people, equal for equal crops: `aligned, margin 1.0`."""
        return f"{self.faces}, margin {self.face_margin}" if self.finds_faces else self.faces

    def read(self, image: FaceImage) -> np.ndarray:
        """Decode a file, and crop and resize the square to be classified.

        Returns:
            uint8 (3, S, S), RGB; (1, S, S), luminance, if `grayscale`. S is `resized_side`.

        Raises:
            UserError: the file is missing or cannot be read.
        """
        decoded = read_image(image.path)
        return self.prepare(decoded, image.face_in(decoded.size))

    def prepare(self, image: Image.Image, face: Face | None = None) -> np.ndarray:
        """The result of `read` for a decoded RGB image of any size and a face in it.

        With faces `as_is`, an image without a face is resized to `resized_side`, of which the view
        is the middle. Otherwise the view is the square of the face, or that of an image that is
        cropped to a face already, and what is read extends beyond it.
        """
        side, filter = self.resized_side, Image.Resampling[self.interpolation.upper()]
        if face is None and not self.finds_faces:
            image = ImageOps.fit(image, (side, side), filter)  # cropped and resized in one step
        else:
            nearest = Image.Resampling.NEAREST
            filter = nearest if filter == nearest else Image.Resampling.BICUBIC
            image = warp(image, self._square_read(image.size, face), side, filter)
        if self.grayscale:
            return np.asarray(image.convert("L"))[np.newaxis]
        return np.asarray(image).transpose(2, 0, 1)

    def view_map(self, size: tuple[int, int], face: Face | None = None) -> np.ndarray:
        """Where the network's view is in an image.

        Args:
            size: width and height of the image, pixels.
            face: that is classified; None for the whole image.

        Returns:
            The affine map (2, 3) from (u, v) in 0..1, the view from its upper left corner, to
            pixels of the image.
        """
        return self._square_read(size, face) @ self._view_in_read

    def _square_read(self, size: tuple[int, int], face: Face | None) -> np.ndarray:
        """The square that `prepare` reads, as an affine map to the image."""
        if not self.finds_faces:
            return face_square(face, "box", 1.0) if face else central_square(size)
        view = face_square(face, self.faces, self.face_margin) if face else central_square(size)
        return view @ np.linalg.inv(self._view_in_read)

    @property
    def _view_in_read(self) -> np.ndarray:
        """The affine map (3, 3) from the view to what `prepare` reads, both in 0..1."""
        start, side = (self.resized_side - self.img_size) // 2, self.resized_side
        scale, shift = self.img_size / side, start / side
        return np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])

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
        if isinstance(values, dict):
            values = FORMER | values
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
