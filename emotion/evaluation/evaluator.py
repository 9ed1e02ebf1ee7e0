"""Score a checkpoint: predict both held-out splits, calibrate on one, report on both."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import torch
from pydantic import Field

from emotion import inference
from emotion.core import manifest
from emotion.core.params import settings
from emotion.data import cache
from emotion.evaluation.calibration import calibrate
from emotion.evaluation.predictions import Predictions, check_rows
from emotion.evaluation.report import build_report
from emotion.evaluation.slices import score_slices
from emotion.models.checkpoint import load_checkpoint


@settings
class EvaluateParams:
    """The `evaluate` section of params.yaml."""

    batch_size: Annotated[int, Field(ge=1)] = 64  # images at a time; not a matter of accuracy
    bootstrap: Annotated[int, Field(ge=100)] = 1000  # resamples behind each 95 % interval


@dataclass(frozen=True)
class Evaluation:
    """What the stage writes and draws."""

    val: Predictions
    test: Predictions
    calibration: dict[str, float]
    slices: pd.DataFrame  # of the test split
    report: dict[str, Any]


def evaluate(
    checkpoint_file: Path, val_file: Path, test_file: Path, params: EvaluateParams
) -> Evaluation:
    """Predict, calibrate and score.

    Raises:
        UserError: a manifest is missing, empty, or has classes that the model does not know; said
            before the first image is predicted.
    """
    checkpoint = load_checkpoint(checkpoint_file)
    splits = {path: manifest.read_manifest(path) for path in (val_file, test_file)}
    for path, rows in splits.items():
        check_rows(rows, checkpoint.class_names, path)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = checkpoint.build_model().to(device)
    predictions = []
    for path, rows in splits.items():
        images = cache.CachedImages(
            cache.cache_images(
                rows["path"].tolist(),
                checkpoint.img_size,
                checkpoint.interpolation,
                desc=f"read {path.stem}",
                grayscale=checkpoint.grayscale,
            )
        )
        logits = inference.predict_logits(
            model, images, checkpoint, params.batch_size, desc=f"predict {path.stem}"
        )
        predictions.append(Predictions(rows, logits, checkpoint.class_names))
    facts = {"model_type": checkpoint.model_type, "weights": checkpoint.weights}
    return assemble(*predictions, facts=facts, resamples=params.bootstrap)


def assemble(
    val: Predictions, test: Predictions, facts: dict[str, str], resamples: int
) -> Evaluation:
    """Everything that follows from the predictions; a pure function of them."""
    calibration = calibrate(val.logits, val.labels)
    slices = score_slices(test, resamples)
    report = build_report(val, test, calibration["temperature"], slices, resamples, facts)
    return Evaluation(val, test, calibration, slices, report)
