"""A trained model, loaded from any kind of file: classes, preprocessing and class probabilities."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emotion.data.face import Face
from emotion.data.preprocessing import Preprocessing


@dataclass(frozen=True, kw_only=True)
class Model:
    """The part of a model file that prediction uses."""

    class_names: list[str]
    preprocessing: Preprocessing
    synthetic_fraction: float  # fraction of the training images that are not photographs
    # float32 images (N, 3, H, W), RGB in 0..1, to calibrated probabilities (N, C)
    probabilities: Callable[[np.ndarray], np.ndarray]
    batch_size: int  # images per batch with which a single core is fastest
    threshold: float | None  # a prediction with a lower top probability is uncertain
    target_error: float | None  # error rate of the other predictions for which it was chosen

    def preprocess(self, image: Image.Image, face: Face | None = None) -> np.ndarray:
        """The network's input for an RGB image of any size.

        Args:
            image: upright.
            face: that is classified; None for the whole image.

        Returns:
            float32 (3, H, W), RGB in 0..1, one element of the batch that `probabilities` takes.
        """
        crop = self.preprocessing.center_crop(self.preprocessing.prepare(image, face))
        rgb = np.broadcast_to(crop, (3, *crop.shape[1:]))
        return np.divide(rgb, np.float32(255), dtype=np.float32)
