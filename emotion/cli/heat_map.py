"""Overlay the attribution map of a predicted class on its image; needs torch."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from emotion.data.transforms import normalize
from emotion.explanation.methods import EXPLAINERS
from emotion.explanation.methods.attribution import ExplainerOptions
from emotion.models.checkpoint import load_checkpoint
from emotion.prediction.crops import face_square
from emotion.prediction.model import Model
from emotion.prediction.result import Prediction

# Cheap, and it passes the tests of `explain` on every convolutional backbone that was tried.
METHOD = "hires_cam"
_COLOR = (255, 40, 0)
_OPACITY = 0.6  # of the strongest pixel of the map


class HeatMap:
    """Overlays attribution maps on the part of an image that is classified.

    Args:
        model: that predicts.
        checkpoint_file: from which it was loaded.
    """

    def __init__(self, model: Model, checkpoint_file: Path) -> None:
        self.model, self.network = model, load_checkpoint(checkpoint_file).build_model()

    def __call__(self, image: Image.Image, prediction: Prediction) -> Image.Image:
        """A copy of the image with the map of the predicted class of one face."""
        left, top, side = face_square(image, prediction.face)
        crop = image.crop((left, top, left + side, top + side))
        preprocessing = self.model.preprocessing
        pixels = torch.from_numpy(self.model.preprocess(crop))[None]
        images = normalize(pixels, preprocessing)
        target = torch.tensor([self.model.class_names.index(prediction.label)])
        options = ExplainerOptions(background=images)
        [values] = EXPLAINERS[METHOD](self.network, images, target, options).maps
        seen = round(side * preprocessing.img_size / preprocessing.resized_side)
        opacity = np.rint(255 * _OPACITY * np.clip(values, 0, 1)).astype(np.uint8)
        mask = Image.fromarray(opacity).resize((seen, seen), Image.Resampling.BICUBIC)
        margin = (side - seen) // 2
        shown = image.copy()
        shown.paste(Image.new("RGB", mask.size, _COLOR), (left + margin, top + margin), mask)
        return shown
