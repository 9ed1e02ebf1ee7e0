"""Failures of a running epoch as one sentence that says how to continue."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from emotion.core.errors import UserError
from emotion.training.params import TrainParams


@contextmanager
def explain_failures(epoch: int, params: TrainParams) -> Iterator[None]:
    """Turn Ctrl-C and exhausted memory during an epoch into a UserError."""
    try:
        yield
    except KeyboardInterrupt:
        resumed = f"resumes after epoch {epoch - 1}" if epoch > 1 else "starts again"
        raise UserError(f"interrupted in epoch {epoch}; `dvc repro` {resumed}.") from None
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        half = max(params.batch_size // 2, 2)
        raise UserError(
            f"train.batch_size {params.batch_size} at train.img_size {params.img_size} does not "
            f"fit into memory; set train.batch_size to {half} and train.accumulate_steps to "
            f"{2 * params.accumulate_steps}, which gives the same optimizer steps."
        ) from None


def _is_out_of_memory(error: RuntimeError) -> bool:
    # On a CPU torch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
