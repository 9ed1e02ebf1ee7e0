"""Turn failures of a running epoch into a UserError that names the setting to change."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from emotion.core.errors import UserError
from emotion.training.params import TrainParams


@contextmanager
def explain_failures(epoch: int, params: TrainParams) -> Iterator[None]:
    """Context of an epoch, from 1: a UserError for Ctrl-C, exhausted memory and a batch of one.

    Raises:
        UserError: one of these; other errors are unchanged.
    """
    try:
        yield
    except KeyboardInterrupt:
        resumed = f"resume after epoch {epoch - 1}" if epoch > 1 else "start again"
        raise UserError(f"interrupted in epoch {epoch}", f"run `dvc repro` to {resumed}") from None
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UserError(
            f"BatchNorm got one image with a map of one pixel at train.img_size {params.img_size}",
            f"raise train.batch_size ({params.batch_size}) or train.img_size, or lower "
            f"train.accumulate_steps ({params.accumulate_steps})",
            key="train.img_size",
        ) from None
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        half = max(params.batch_size // 2, 2)
        raise UserError(
            f"train.batch_size {params.batch_size} at train.img_size {params.img_size} does not "
            "fit into memory",
            f"set train.batch_size to {half} and train.accumulate_steps to "
            f"{2 * params.accumulate_steps}, which gives the same optimizer steps",
            key="train.batch_size",
        ) from None


def is_out_of_memory(error: Exception) -> bool:
    """Whether torch could not allocate memory, of the GPU or of the machine."""
    # On a CPU torch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
