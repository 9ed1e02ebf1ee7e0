"""Find the faces of a decoded image, and hash the crop of each one."""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from emotion.data.face import Face, by_size
from emotion.data.face_crop import standard_crop
from emotion.data.face_detector import FaceDetector
from emotion.datasets.image_hashes import compute_phashes, hash_pixels, lowest_frequencies

HASHED_SIDE = 64  # pixels of a crop that is hashed, four per frequency of the perceptual hash


class FoundFace(NamedTuple):
    """A face and the hashes of its standard crop, which do not depend on data.faces."""

    face: Face
    sha256: str
    phash: bytes


def find_faces(pixels: np.ndarray) -> tuple[FoundFace, ...]:
    """The faces of an image, from the largest to the smallest box.

    Args:
        pixels: uint8, (H, W), gray, or (H, W, 3).
    """
    image = Image.fromarray(pixels).convert("RGB")
    return tuple(_hash(image, face) for face in by_size(_detector().detect(image)))


def _hash(image: Image.Image, face: Face) -> FoundFace:
    crop = np.asarray(standard_crop(image, face, HASHED_SIDE))
    [phash] = compute_phashes(lowest_frequencies(crop[None]))
    return FoundFace(face, hash_pixels(crop), phash.tobytes())


@cache
def _detector() -> FaceDetector:
    """One per process, made when the first image is there."""
    return FaceDetector()
