"""Load best_model.pth, calibrated by the calibration.json beside it."""

from pathlib import Path

import numpy as np
import torch

from emotion.core.reports import Calibration, read_report
from emotion.data.transforms import normalize
from emotion.models.checkpoint import load_checkpoint
from emotion.models.flip_average import average_flips
from emotion.prediction.model import Model

CALIBRATION_NAME = "calibration.json"


def load_checkpoint_file(path: Path, threads: int) -> Model:
    """A model on the CPU; without calibration.json it is not calibrated and has no threshold.

    Args:
        path: of the checkpoint.
        threads: that one call computes with; 0 leaves torch's choice.

    Raises:
        UserError: not a checkpoint, or not a calibration, of this version.
    """
    checkpoint = load_checkpoint(path)
    beside = path.parent / CALIBRATION_NAME
    calibration = read_report(beside, Calibration) if beside.is_file() else None
    flip = calibration.flip if calibration else False
    network = average_flips(checkpoint.build_model(), flip)
    temperature = calibration.temperature if calibration else 1.0

    @torch.no_grad()
    def probabilities(images: np.ndarray) -> np.ndarray:
        if threads:
            torch.set_num_threads(threads)  # of the thread that calls
        views = normalize(torch.from_numpy(images), checkpoint.preprocessing)
        logits: torch.Tensor = network(views)
        return torch.softmax(logits / temperature, dim=1).numpy()

    return Model(
        class_names=checkpoint.class_names,
        preprocessing=checkpoint.preprocessing,
        synthetic_fraction=checkpoint.synthetic_fraction,
        probabilities=probabilities,
        batch_size=16,  # of fewer, torch computes convolutions in one thread at half the speed
        threshold=calibration.threshold if calibration else None,
        target_error=calibration.target_error if calibration else None,
    )
