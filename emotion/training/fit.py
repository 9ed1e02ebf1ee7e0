"""Train a network: from two splits and initial weights to the checkpoint of the best epoch."""

import dataclasses

import pandas as pd
from tqdm import tqdm

from emotion.data.crop_params import AS_IS, CropParams
from emotion.data.manifest import hash_images
from emotion.models.checkpoint import Checkpoint, library_versions
from emotion.models.classifier import copy_state
from emotion.models.sources.own_checkpoints import FINISHED_FILE, load_own_checkpoint
from emotion.models.sources.pretrained import info_of
from emotion.training.distributed import init_distributed
from emotion.training.failures import explain_failures
from emotion.training.finished import adopt_checkpoint
from emotion.training.loading import LabeledImages
from emotion.training.logger import RunLogger
from emotion.training.params import TrainParams
from emotion.training.progress import BestEpoch, EpochMetrics, Progress
from emotion.training.run import Run, RunPaths, announce, prepare_run
from emotion.training.state import RunState
from emotion.training.trainer import Trainer


def fit(
    train_rows: pd.DataFrame,
    val_rows: pd.DataFrame,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    params: TrainParams,
    paths: RunPaths,
    crop: CropParams = AS_IS,
) -> Checkpoint | None:
    """Train, validate after each epoch, keep the best, stop early without a gain.

    With `params.checkpoint` nothing is trained: the finished network is checked and returned.

    Args:
        train_rows: manifest of the training split.
        val_rows: manifest of the validation split.
        label_map: class name to logit index.
        class_weights: by class name; ignored unless `use_class_weights` is true.
        params: the recipe.
        paths: what the run reads and writes.
        crop: of the faces of both manifests.

    Returns:
        The checkpoint; None on all processes but the main one.

    Raises:
        UserError: training diverged, was interrupted or does not fit into memory; the teacher has
            other classes or another crop; or a batch has fewer images than there are processes.
    """
    group = init_distributed()
    if finished := load_own_checkpoint(paths.weights, FINISHED_FILE, list(label_map), crop):
        data_hash = hash_images(train_rows, val_rows)
        return adopt_checkpoint(finished, data_hash, params, paths) if group.is_main else None
    run = prepare_run(
        train_rows, val_rows, label_map, class_weights, paths.weights, params, group, crop
    )
    if group.is_main:
        announce(run)
    trainer = Trainer(
        run.model, run.train_set, run.objective, run.preprocessing, params, run.precision, group
    )
    rows = len(run.train_set)
    with RunLogger(
        paths.log, paths.timing, params, rows, group.is_main, paths.params_file
    ) as logger:
        best = run_epochs(trainer, run.val_set, RunState(paths.state, run.fingerprint), logger)
        logger.log_summary(best, int(trainer.skipped), run.source.weights)
    return to_checkpoint(run, best, logger.history) if group.is_main else None


def run_epochs(
    trainer: Trainer, val_set: LabeledImages, state: RunState, logger: RunLogger
) -> BestEpoch:
    """Run all epochs that are left, resuming an interrupted run; returns the best one."""
    params, progress = trainer.params, Progress()
    saved = state.load()
    logger.open_tracker(saved["logger"]["run_id"] if saved else "")
    logger.start()
    if saved:
        trainer.restore(saved["trainer"])
        logger.restore(saved["logger"])
        progress = Progress.restore(saved["progress"])
        tqdm.write(f"train: resuming after epoch {progress.epoch}, from {state.folder}")
    while progress.epoch < params.epochs and not progress.stopped:
        epoch = progress.epoch + 1
        with explain_failures(epoch, params):
            values = trainer.train_epoch(epoch, logger.log_step) | trainer.validate(val_set)
        metrics = EpochMetrics(**values)
        progress = progress.advance(metrics, params, lambda: copy_state(trainer.evaluated))
        logger.log_epoch(metrics, progress.describe(params), trainer.model)
        if trainer.group.is_main:
            content = {"trainer": trainer.state(), "logger": logger.state()}
            state.save({"progress": progress.state(), **content})
    trainer.require_trained()
    assert progress.best is not None  # the first epoch is always the best so far
    return progress.best


def to_checkpoint(run: Run, best: BestEpoch, history: dict[str, list[float]]) -> Checkpoint:
    """The best epoch of a run as a checkpoint.

    Args:
        run: as it was prepared.
        best: the epoch that is kept, with its weights.
        history: of all epochs, by column of HISTORY.
    """
    source, params = run.source, run.params
    return Checkpoint(
        model_type=source.model_type,
        tag=source.tag,
        architecture=source.architecture,
        args=info_of(source).args_at(params.img_size),
        omitted=list(source.omitted),
        head=params.head,
        class_names=run.class_names,
        preprocessing=run.preprocessing,
        weights=source.weights,
        weights_source=source.source,
        synthetic_fraction=run.synthetic_fraction,
        data_hash=run.data_hash,
        epoch=best.epoch,
        monitor=params.monitor,
        best_value=best.value,
        val_macro_f1=best.metrics.val_macro_f1,
        val_accuracy=best.metrics.val_acc,
        params=dataclasses.asdict(params),
        history=history,
        versions={**library_versions(), "precision": str(run.precision)},
        state_dict=best.state_dict,
    )


def headline(checkpoint: Checkpoint) -> str:
    """The line that the stage prints."""
    return (
        f"train: kept epoch {checkpoint.epoch}, validation macro-F1 {checkpoint.val_macro_f1:.3f}, "
        f"accuracy {checkpoint.val_accuracy:.3f}"
    )
