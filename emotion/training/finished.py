"""Adopt a finished network instead of training: a soup, or a network trained elsewhere."""

import dataclasses

from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.models.checkpoint import Checkpoint
from emotion.models.sources.pretrained import read_source
from emotion.training.logger import RunLogger
from emotion.training.params import TrainParams
from emotion.training.progress import BestEpoch, EpochMetrics
from emotion.training.run import RunPaths


def adopt_checkpoint(
    checkpoint: Checkpoint, data_hash: str, params: TrainParams, paths: RunPaths
) -> Checkpoint:
    """Write the record that training would have written, and return the checkpoint unchanged.

    The curves are those of the run that made it; for a soup, those of its best ingredient. The
    recorded training time is 0.

    Args:
        checkpoint: with the classes of the label map.
        data_hash: `manifest.hash_images` of the splits train and val.
        params: the section `train`; the checkpoint has its own.
        paths: of the initial weights that params.yaml names, and of the record.

    Raises:
        UserError: it is another network, or was trained on other splits, so that its training
            images could be in the present test split.
    """
    _check_origin(checkpoint, data_hash, paths)
    runs = ", ".join(checkpoint.ingredients)
    origin = f"the average of {runs}" if runs else "one run"
    tqdm.write(f"train: adopts the finished network of train.checkpoint, {origin}")
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
    with RunLogger(paths.log, paths.timing, params, 0, params_file=paths.params_file) as logger:
        logger.open_tracker()
        seconds = [0.0] * len(history["val_loss"])
        logger.restore({"history": history, "seconds": seconds, "statistics": [], "run_id": ""})
        logger.log_summary(best, 0, checkpoint.weights, checkpoint.ingredients)
    return checkpoint


def _check_origin(checkpoint: Checkpoint, data_hash: str, paths: RunPaths) -> None:
    """Raise unless the checkpoint is what params.yaml and the present splits could have given."""
    source = read_source(paths.weights)  # which the model card repeats
    found = checkpoint.model_type, checkpoint.weights_source
    if found != (source.model_type, source.source):
        raise UserError(
            f"train.checkpoint is a {found[0]} whose training started from {found[1]!r}, but "
            f"model_type is {source.model_type} and its weights are from {source.source!r}",
            "set model_type and pretrained to those of the checkpoint",
            key="train.checkpoint",
        )
    if checkpoint.data_hash != data_hash:
        raise UserError(
            "train.checkpoint is not from data/splits/: its training images may be in test.csv",
            "give a network of these splits, or score this one with `emotion evaluate`",
            key="train.checkpoint",
        )
