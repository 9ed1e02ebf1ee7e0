"""Where a face is cropped from its image, and the resampling.

A crop is a square, given by its affine map to the image: (u, v) in 0..1, from its upper left corner
to the right and down, to pixels. It may be rotated, and may extend beyond the image.
"""

import math

import numpy as np
from PIL import Image

from emotion.data.face import Face

KINDS = ("as_is", "box", "aligned")  # of crops: the whole image, by the box, or by the landmarks
# Side of the square of a box, in heights of it. Measured on 300 photographs of a dataset of cropped
# faces: the box ends at the brow line and the chin, and is 1.06 times as high as the image.
BOX_SIDE = 0.95
# Where the landmarks of an aligned face are in its square: the positions that ArcFace gives them in
# 112 x 112 pixels (Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
# CVPR 2019; values of the reference implementation, InsightFace).
TEMPLATE = (
    np.array(
        [
            [38.2946, 51.6963],
            [73.5318, 51.5014],
            [56.0252, 71.7366],
            [41.5493, 92.3655],
            [70.7299, 92.2041],
        ]
    )
    / 112
)
_SMALLEST = 1.0  # side of a square, pixels


def central_square(size: tuple[int, int]) -> np.ndarray:
    """The largest square in the middle of an image of this width and height, (2, 3)."""
    width, height = size
    side = min(size)
    return np.array([[side, 0, (width - side) / 2], [0, side, (height - side) / 2]], float)


def face_square(face: Face, kind: str, margin: float) -> np.ndarray:
    """The square of a face.

    Args:
        face: in the image.
        kind: box: upright, around the box; aligned: rotated and scaled so that the landmarks are as
            near as possible to TEMPLATE.
        margin: side of the square, in units of the tight one.

    Returns:
        Its affine map to the image, float64 (2, 3).
    """
    square = _align(face) if kind == "aligned" else _around_box(face)
    corner = square @ [0.5 - margin / 2, 0.5 - margin / 2, 1]
    return np.column_stack([margin * square[:, :2], corner])


def standard_crop(image: Image.Image, face: Face, side: int) -> Image.Image:
    """The tight aligned crop of a face, for hashes and figures, whatever a network takes."""
    return warp(image, face_square(face, "aligned", 1.0), side, Image.Resampling.BICUBIC)


def shown_part(image: Image.Image, face: Face | None, side: int) -> Image.Image:
    """What a sheet shows of an image: the standard crop of the face, or all of it without one."""
    return standard_crop(image, face, side) if face else image


def warp(
    image: Image.Image, square: np.ndarray, side: int, resample: Image.Resampling
) -> Image.Image:
    """Crop a square in one resampling; the pixels at the border of the image continue outside.

    A square that is more than twice as large as the result is first reduced by an integer factor,
    each pixel the mean of a block, because Pillow's transform does not average over the pixels that
    it skips. With `Resampling.NEAREST`, whose values are not to be averaged, it is not.

    Args:
        image: to crop.
        square: as of `face_square`.
        side: of the result, pixels.
        resample: NEAREST, BILINEAR or BICUBIC.
    """
    if resample == Image.Resampling.NEAREST:
        return _pick_nearest(image, square, side)
    factor = max(1, int(math.hypot(*square[:, 0]) / side))
    reach = 3 * factor  # of the bicubic kernel beyond the square, with one pixel for rounding
    corners = square @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])
    low, high = np.floor(corners.min(axis=1)) - reach, np.ceil(corners.max(axis=1)) + reach
    limits = np.array(image.size)
    # Beside the image all pixels of a row are equal, so a distant square may be moved to its edge.
    shift = np.clip(0, -high, limits - low)
    low, high, square = low + shift, high + shift, square + np.outer(shift, [0, 0, 1])
    # The part of the image that is needed; at least one pixel of it.
    start = np.clip(low, 0, limits - 1).astype(int)
    stop = np.clip(high, start + 1, limits).astype(int)
    part = image.reduce(factor, (*start.tolist(), *stop.tolist()))
    before = np.ceil(np.maximum(start - low, 0) / factor).astype(int)
    after = np.ceil(np.maximum(high - stop, 0) / factor).astype(int)
    part = _repeat_edges(part, before.tolist(), after.tolist())
    to_part = square / factor
    to_part[:, 2] = (square[:, 2] - start) / factor + before
    to_part[:, :2] /= side
    values = to_part.ravel().tolist()
    return part.transform((side, side), Image.Transform.AFFINE, values, resample)


def _pick_nearest(image: Image.Image, square: np.ndarray, side: int) -> Image.Image:
    """Crop a square; each pixel is that of the image in which its center is."""
    steps = (np.arange(side) + 0.5) / side
    points = np.stack([*np.broadcast_arrays(steps, steps[:, None]), np.ones((side, side))], axis=-1)
    last = np.array(image.size) - 1
    column, row = np.moveaxis(np.clip(points @ square.T, 0, last).astype(int), -1, 0)
    return Image.fromarray(np.asarray(image)[row, column])


def _around_box(face: Face) -> np.ndarray:
    left, top, right, bottom = face.box
    height = right - left if face.turn % 180 else bottom - top
    side = max(_SMALLEST, BOX_SIDE * height)
    cosine, sine = (
        round(math.cos(math.radians(face.turn))),
        round(math.sin(math.radians(face.turn))),
    )
    axes = side * np.array([[cosine, sine], [-sine, cosine]])  # right and down of the upright face
    center = np.array([(left + right) / 2, (top + bottom) / 2])
    return np.column_stack([axes, center - axes.sum(axis=1) / 2])


def _align(face: Face) -> np.ndarray:
    """The similarity transform from TEMPLATE to the landmarks with the smallest squared error.

    In complex numbers it is z -> a z + b, a linear regression; a mirror image is not among these.
    (Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    PAMI 1991, for two dimensions.)
    """
    template, found = (points @ [1, 1j] for points in (TEMPLATE, np.array(face.landmarks)))
    spread = template - template.mean()
    factor = np.vdot(spread, found - found.mean()) / np.vdot(spread, spread).real
    if abs(factor) < _SMALLEST:  # all landmarks in one point
        return _around_box(face)
    shift = found.mean() - factor * template.mean()
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )


def _repeat_edges(image: Image.Image, before: list[int], after: list[int]) -> Image.Image:
    """The image with so many columns and rows more on each side, of the nearest pixels."""
    if not any(before) and not any(after):
        return image
    pixels = np.asarray(image)
    widths = [(before[1], after[1]), (before[0], after[0])] + [(0, 0)] * (pixels.ndim - 2)
    return Image.fromarray(np.pad(pixels, widths, mode="edge"))
