"""Evaluate a checkpoint: predict both held-out splits, and calibrate on validation."""

from dataclasses import dataclass
from pathlib import Path

import torch

from emotion.core.reports import Calibration
from emotion.data import manifest
from emotion.data.cache import CacheParams, open_images
from emotion.evaluation.calibration import calibrate
from emotion.evaluation.params import EvaluateParams
from emotion.evaluation.predictions import SplitPredictions, check_rows
from emotion.evaluation.report import ModelFacts
from emotion.models import inference
from emotion.models.checkpoint import load_checkpoint
from emotion.models.flip_average import average_flips


@dataclass(frozen=True)
class HeldOutPredictions:
    """The predictions for both held-out splits, and what is chosen on validation."""

    val: SplitPredictions
    test: SplitPredictions
    calibration: Calibration
    model: ModelFacts
    best_epoch: int  # that was kept, from 1


def evaluate_checkpoint(
    checkpoint_file: Path,
    val_file: Path,
    test_file: Path,
    params: EvaluateParams,
    cache: CacheParams,
) -> HeldOutPredictions:
    """Predict both held-out splits, and calibrate on validation.

    Args:
        checkpoint_file: from `train`.
        val_file: manifest of the validation split.
        test_file: manifest of the test split.
        params: batch size, flip averaging and target error.
        cache: where decoded images are kept, as in training.

    Raises:
        UserError: a manifest is missing, empty, or has classes that the model was not trained
            on; raised before the first image is read.
    """
    checkpoint = load_checkpoint(checkpoint_file)
    splits = {path: manifest.read_manifest(path) for path in (val_file, test_file)}
    for path, rows in splits.items():
        check_rows(rows, checkpoint.class_names, path)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = average_flips(checkpoint.build_model(), params.flip).to(device)
    preprocessing = checkpoint.preprocessing
    predictions = []
    for path, rows in splits.items():
        images = open_images(manifest.face_images(rows), preprocessing, cache, f"read {path.stem}")
        logits = inference.predict_logits(
            network, images, preprocessing, params.batch_size, f"predict {path.stem}"
        )
        predictions.append(SplitPredictions.from_network(rows, logits, checkpoint.class_names))
    val, test = predictions
    calibration = calibrate(val, params.target_error, params.flip)
    model = ModelFacts(
        model_type=checkpoint.model_type,
        weights=checkpoint.weights,
        temperature=calibration.temperature,
        threshold=calibration.threshold,
    )
    return HeldOutPredictions(val, test, calibration, model, checkpoint.epoch)
