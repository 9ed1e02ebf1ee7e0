"""Evaluate a checkpoint: predict both held-out splits, calibrate on one, report on both."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
import torch
from pydantic import Field

from emotion import inference
from emotion.core import manifest
from emotion.core.params import settings
from emotion.core.reports import Calibration, EvaluationReport
from emotion.data.cache import CacheParams, open_images
from emotion.evaluation.calibration import calibrate
from emotion.evaluation.predictions import Predictions, check_rows
from emotion.evaluation.report import build_report
from emotion.evaluation.slices import score_slices
from emotion.models.checkpoint import load_checkpoint


@settings
class EvaluateParams:
    """The `evaluate` section of params.yaml."""

    batch_size: Annotated[int, Field(ge=1)] = 64  # does not affect the scores
    bootstrap: Annotated[int, Field(ge=100)] = 1000  # resamples for each 95 % interval


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything that the stage writes and plots."""

    val: Predictions
    test: Predictions
    calibration: Calibration
    slices: pd.DataFrame  # of the test split
    report: EvaluationReport


def evaluate(
    checkpoint_file: Path,
    val_file: Path,
    test_file: Path,
    params: EvaluateParams,
    cache: CacheParams,
) -> Evaluation:
    """Predict, calibrate and score.

    Args:
        checkpoint_file: from `train`.
        val_file: manifest of the validation split.
        test_file: manifest of the test split.
        params: batch size and bootstrap.
        cache: where decoded images are kept, as in training.

    Raises:
        UserError: a manifest is missing, empty, or has classes that the model does not know;
            raised before the first image is read.
    """
    checkpoint = load_checkpoint(checkpoint_file)
    splits = {path: manifest.read_manifest(path) for path in (val_file, test_file)}
    for path, rows in splits.items():
        check_rows(rows, checkpoint.class_names, path)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = checkpoint.build_model().to(device)
    predictions = []
    for path, rows in splits.items():
        images = open_images(
            rows["path"].tolist(), checkpoint.preprocessing, cache, desc=f"read {path.stem}"
        )
        logits = inference.predict_logits(
            model,
            images,
            checkpoint.preprocessing,
            params.batch_size,
            desc=f"predict {path.stem}",
        )
        predictions.append(Predictions.from_network(rows, logits, checkpoint.class_names))
    val, test = predictions
    calibration = calibrate(val.logits, val.labels)
    slices = score_slices(test, params.bootstrap)
    report = build_report(
        val,
        test,
        temperature=calibration.temperature,
        slices=slices,
        resamples=params.bootstrap,
        model_type=checkpoint.model_type,
        weights=checkpoint.weights,
    )
    return Evaluation(val=val, test=test, calibration=calibration, slices=slices, report=report)
