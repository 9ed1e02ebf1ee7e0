"""Failures of a running epoch as one sentence that says how to continue."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from emotion.core.errors import UserError
from emotion.training.params import TrainParams


@contextmanager
def explain_failures(epoch: int, params: TrainParams) -> Iterator[None]:
    """Turn Ctrl-C, exhausted memory and a batch of one into a UserError."""
    try:
        yield
    except KeyboardInterrupt:
        resumed = f"resumes after epoch {epoch - 1}" if epoch > 1 else "starts again"
        raise UserError(f"interrupted in epoch {epoch}; `dvc repro` {resumed}.") from None
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UserError(
            f"a batch of one image reached a BatchNorm layer whose map has one pixel at "
            f"train.img_size {params.img_size}; raise train.batch_size ({params.batch_size}) or "
            f"train.img_size, or lower train.accumulate_steps ({params.accumulate_steps})."
        ) from None
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        half = max(params.batch_size // 2, 2)
        raise UserError(
            f"train.batch_size {params.batch_size} at train.img_size {params.img_size} does not "
            f"fit into memory; set train.batch_size to {half} and train.accumulate_steps to "
            f"{2 * params.accumulate_steps}, which gives the same optimizer steps."
        ) from None


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch could not allocate memory, of the GPU or of the machine."""
    # On a CPU torch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
