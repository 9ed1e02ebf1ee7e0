"""Overlay the attribution map of a predicted class on its image; needs torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from emotion.data.transforms import normalize
from emotion.explanation.methods import EXPLAINERS
from emotion.explanation.methods.attribution import ExplainerOptions
from emotion.models.checkpoint import load_checkpoint
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

    def __call__(self, image: Image.Image, predictions: Sequence[Prediction]) -> Image.Image:
        """A copy of the image with the map of the predicted class of each face."""
        shown = image
        for prediction in predictions:
            view = self.model.preprocessing.view_map(image.size, prediction.face)
            shown = _overlay(shown, self._explain(image, prediction), view)
        return shown

    def _explain(self, image: Image.Image, prediction: Prediction) -> Image.Image:
        """The map of the predicted class as opacity of the network's view, mode L."""
        pixels = torch.from_numpy(self.model.preprocess(image, prediction.face))[None]
        images = normalize(pixels, self.model.preprocessing)
        target = torch.tensor([self.model.class_names.index(prediction.label)])
        options = ExplainerOptions(background=images)
        [values] = EXPLAINERS[METHOD](self.network, images, target, options).maps
        opacity = np.rint(255 * _OPACITY * np.clip(values, 0, 1)).astype(np.uint8)
        return Image.fromarray(opacity)


def _overlay(image: Image.Image, opacity: Image.Image, view: np.ndarray) -> Image.Image:
    """A copy of the image with the color over the network's view.

    Args:
        image: RGB.
        opacity: of the view.
        view: affine map (2, 3) of the view to the image, as of `Preprocessing.view_map`.
    """
    corners = view @ np.array([[0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])
    # The part of the image that the view covers; at least one pixel of it.
    low = np.clip(np.floor(corners.min(axis=1)), 0, np.array(image.size) - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=1)), low + 1, image.size).astype(int)
    in_part = np.column_stack([view[:, :2], view[:, 2] - low])
    # From pixels of the part to those of the map.
    to_map = np.diag([*opacity.size, 1]) @ np.linalg.inv(np.vstack([in_part, [0, 0, 1]]))
    width, height = (high - low).tolist()
    affine, bicubic = Image.Transform.AFFINE, Image.Resampling.BICUBIC
    mask = opacity.transform((width, height), affine, to_map[:2].ravel().tolist(), bicubic)
    shown = image.copy()
    shown.paste(Image.new("RGB", mask.size, _COLOR), tuple(low.tolist()), mask)
    return shown
