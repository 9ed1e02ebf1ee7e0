"""Load best_model.pth, calibrated by the calibration.json beside it."""

from pathlib import Path

import numpy as np
import torch

from emotion.core.reports import Calibration, read_report
from emotion.data.transforms import normalize
from emotion.models.checkpoint import load_checkpoint
from emotion.prediction.model import Model

CALIBRATION_NAME = "calibration.json"


def load_checkpoint_file(path: Path) -> Model:
    """A model on the CPU; without calibration.json its probabilities are not calibrated.

    Raises:
        UserError: not a checkpoint of this version.
    """
    checkpoint = load_checkpoint(path)
    network = checkpoint.build_model()
    calibration = path.parent / CALIBRATION_NAME
    temperature = 1.0
    if calibration.is_file():
        temperature = read_report(calibration, Calibration).temperature

    @torch.no_grad()
    def probabilities(images: np.ndarray) -> np.ndarray:
        views = normalize(torch.from_numpy(images), checkpoint.preprocessing)
        logits: torch.Tensor = network(views)
        return torch.softmax(logits / temperature, dim=1).numpy()

    return Model(
        class_names=checkpoint.class_names,
        preprocessing=checkpoint.preprocessing,
        synthetic_fraction=checkpoint.synthetic_fraction,
        probabilities=probabilities,
    )
