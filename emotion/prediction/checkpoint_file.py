"""Load a checkpoint, calibrated by the calibration.json of its folder."""

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
        threads: number per call; 0 for torch's default.

    Raises:
        UserError: not a checkpoint, or not a calibration, of this version.
    """
    checkpoint = load_checkpoint(path)
    file = path.parent / CALIBRATION_NAME
    calibration = read_report(file, Calibration) if file.is_file() else None
    network = average_flips(checkpoint.build_model(), bool(calibration and calibration.flip))
    temperature = calibration.temperature if calibration else 1.0

    @torch.no_grad()
    def probabilities(images: np.ndarray) -> np.ndarray:
        if threads:
            torch.set_num_threads(threads)  # holds for the calling thread
        inputs = normalize(torch.from_numpy(images), checkpoint.preprocessing)
        logits: torch.Tensor = network(inputs)
        return torch.softmax(logits / temperature, dim=1).numpy()

    return Model(
        class_names=checkpoint.class_names,
        preprocessing=checkpoint.preprocessing,
        synthetic_fraction=checkpoint.synthetic_fraction,
        probabilities=probabilities,
        batch_size=16,  # with fewer, torch computes convolutions in one thread at half the speed
        threshold=calibration.threshold if calibration else None,
        target_error=calibration.target_error if calibration else None,
    )
