"""A face found in an image, and an image file with the face in it that is classified."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Face:
    """A detected face, in pixels from the upper left corner of the image."""

    # left, top, right, bottom; may extend beyond the image
    box: tuple[float, float, float, float]
    score: float  # of the detector, in 0..1
    # (x, y) of the eyes, the tip of the nose and the corners of the mouth; of an upright face, the
    # image's left first
    landmarks: tuple[tuple[float, float], ...]
    turn: int = 0  # degrees clockwise, 0, 90, 180 or 270, by which the image must be turned
    zoom: float = 1.0  # smallest scale of the image at which it was found

    @property
    def area(self) -> float:
        """Area of the box, square pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    def scaled(self, x: float, y: float) -> Self:
        """The face in the image after its width is multiplied by `x`, and its height by `y`."""
        left, top, right, bottom = self.box
        return type(self)(
            box=(left * x, top * y, right * x, bottom * y),
            score=self.score,
            landmarks=tuple((column * x, row * y) for column, row in self.landmarks),
            turn=self.turn,
            zoom=self.zoom,
        )


def by_size(faces: Iterable[Face]) -> list[Face]:
    """From the largest to the smallest box; faces of equal size stay in their order."""
    return sorted(faces, key=lambda face: -face.area)


@dataclass(frozen=True)
class FaceImage:
    """An image file, and the face in it that is classified."""

    path: str
    face: Face | None = None  # None: the whole image
    size: tuple[int, int] | None = None  # width and height of the image in which `face` was found

    def face_in(self, size: tuple[int, int]) -> Face | None:
        """The face in an image of another size, such as a mask."""
        if self.face is None or self.size is None or self.size == size:
            return self.face
        return self.face.scaled(size[0] / self.size[0], size[1] / self.size[1])
