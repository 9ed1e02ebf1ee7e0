"""A standard layout of the face regions, for aligned photographs without region masks.

Boxes in shares of a square image, read off the mean of 1,500 aligned photographs of muxspace's
facial_expressions. They fit crops by a face detector that leave a little forehead and chin, like
those of FER2013 and RAF-DB. A photograph that is not cropped to its face needs a mask in the column
`face_regions`.
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


def draw_layout(preprocessing: Preprocessing) -> np.ndarray:
    """A mask of the regions in the network's crop: uint8 (H, W), values of LEVELS, or 0."""
    side = preprocessing.resized_side
    mask = np.zeros((side, side), dtype=np.uint8)
    for region, boxes in BOXES.items():
        for box in boxes:
            top, bottom, left, right = (round(edge * side) for edge in box)
            mask[top:bottom, left:right] = LEVELS[region]
    return preprocessing.center_crop(mask)
