"""A standard layout of the face regions, for aligned photographs without region masks.

Boxes in shares of a square image, read off the mean of 1,500 aligned photographs of muxspace's
facial_expressions. They fit crops by a face detector that leave a little forehead and chin, like
those of FER2013 and RAF-DB, and the square of a detected box. A photograph that is not cropped to
its face, by itself or by the preprocessing, needs a mask in the column `face_regions`.
"""

import numpy as np

from emotion.data.face_regions import LEVELS
from emotion.data.preprocessing import Preprocessing

# (top, bottom, left, right)
BOXES = {
    "brows": [(0.25, 0.33, 0.18, 0.48), (0.25, 0.33, 0.52, 0.82)],
    "eyes": [(0.33, 0.44, 0.18, 0.46), (0.33, 0.44, 0.54, 0.82)],
    "nose": [(0.44, 0.69, 0.38, 0.62)],
    "mouth": [(0.71, 0.88, 0.27, 0.73)],
    "cheeks": [(0.48, 0.70, 0.14, 0.36), (0.48, 0.70, 0.64, 0.86)],
    "chin": [(0.88, 1.00, 0.35, 0.65)],
}
# The aligned square is wider: with this size and upper left corner in it, the eyes and the mouth of
# BOXES are where face_crop.TEMPLATE has them.
ALIGNED_SIZE, ALIGNED_LEFT, ALIGNED_TOP = 0.88, 0.06, 0.12


def draw_layout(preprocessing: Preprocessing) -> np.ndarray:
    """A mask of the regions in the network's view: uint8 (H, W), values of LEVELS, or 0."""
    size, left, top = _place(preprocessing)
    mask = np.zeros((preprocessing.img_size,) * 2, dtype=np.uint8)
    for region, boxes in BOXES.items():
        for box in boxes:
            starts = (top, top, left, left)
            edges = [start + size * edge for start, edge in zip(starts, box, strict=True)]
            # Not `round`, which rounds 0.5 and 1.5 differently.
            first, last, begin, end = (max(0, int(edge * len(mask) + 0.5)) for edge in edges)
            mask[first:last, begin:end] = LEVELS[region]
    return mask


def _place(preprocessing: Preprocessing) -> tuple[float, float, float]:
    """Side, left and top of the square of BOXES in the view, in shares of the view."""
    if not preprocessing.finds_faces:  # what is read, of which the view is the middle
        size = preprocessing.resized_side / preprocessing.img_size
        start = -((preprocessing.resized_side - preprocessing.img_size) // 2)  # as `center_crop`
        return size, start / preprocessing.img_size, start / preprocessing.img_size
    size, left, top = 1.0, 0.0, 0.0
    if preprocessing.faces == "aligned":
        size, left, top = ALIGNED_SIZE, ALIGNED_LEFT, ALIGNED_TOP
    margin = preprocessing.face_margin
    return size / margin, 0.5 + (left - 0.5) / margin, 0.5 + (top - 0.5) / margin
