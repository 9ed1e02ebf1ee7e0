"""A finished network instead of training: the average of several runs, or trained elsewhere."""

import dataclasses
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.reports import PretrainedSource
from emotion.data.manifest import hash_images
from emotion.models.checkpoint import Checkpoint
from emotion.training.logger import RunLogger
from emotion.training.params import TrainParams
from emotion.training.progress import BestEpoch, EpochMetrics


def take_finished(
    checkpoint: Checkpoint,
    source: PretrainedSource,
    splits: tuple[pd.DataFrame, pd.DataFrame],
    params: TrainParams,
    log_folder: Path,
    timing_file: Path,
) -> Checkpoint:
    """Write the record that training would have written, and return the checkpoint unchanged.

    The curves are those of the run that made it, of its best member for an average. Its training
    took no time here.

    Args:
        checkpoint: with the classes of the label map.
        source: of the initial weights that params.yaml names; the model card repeats it.
        splits: manifests of train and val.
        params: the section `train`; the checkpoint has its own.
        log_folder: for dvclive; emptied first.
        timing_file: for the times of the run.

    Raises:
        UserError: it is another network, or was trained on other splits, so that its training
            images could be in our test split.
    """
    theirs = checkpoint.model_type, checkpoint.weights_source
    if theirs != (source.model_type, source.source):
        raise UserError(
            f"train.checkpoint is a {theirs[0]} whose training started from {theirs[1]!r}, but "
            f"model_type is {source.model_type} and its weights are from {source.source!r}; "
            "set model_type and pretrained to those of the checkpoint."
        )
    if checkpoint.data_hash != hash_images(*splits):
        raise UserError(
            "train.checkpoint was trained on other splits than data/splits/, so our test split may "
            "have images that it has seen; give a network that was trained on these splits, or "
            "score it with `emotion evaluate`."
        )
    origin = f"the average of {', '.join(checkpoint.members)}" if checkpoint.members else "one run"
    tqdm.write(f"train: takes the finished network of train.checkpoint, {origin}")
    history, last = checkpoint.history, checkpoint.epoch - 1
    metrics = EpochMetrics(**{name: values[last] for name, values in history.items()})
    best = BestEpoch(
        epoch=checkpoint.epoch,
        value=checkpoint.best_value,
        metrics=dataclasses.replace(
            metrics, val_acc=checkpoint.val_accuracy, val_macro_f1=checkpoint.val_macro_f1
        ),
        state_dict=checkpoint.state_dict,
    )
    with RunLogger(log_folder, timing_file, params, 1, len(splits[0])) as logger:
        epochs = len(history["val_loss"])
        logger.restore({"history": history, "epoch_seconds": [0.0] * epochs, "statistics": []})
        logger.log_summary(best, 0, checkpoint.weights, checkpoint.members)
    return checkpoint
