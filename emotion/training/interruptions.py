"""What ends a training before its time, told in a sentence that says how to go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from emotion.core.errors import UserError
from emotion.training.params import TrainParams


@contextmanager
def explaining_interruptions(epoch: int, params: TrainParams) -> Iterator[None]:
    """Turn Ctrl-C and memory that runs out during an epoch into a UserError."""
    try:
        yield
    except KeyboardInterrupt:
        kept = f"goes on after epoch {epoch - 1}" if epoch > 1 else "starts again"
        raise UserError(f"interrupted in epoch {epoch}; `dvc repro` {kept}.") from None
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        half = max(params.batch_size // 2, 2)
        raise UserError(
            f"batch_size {params.batch_size} at img_size {params.img_size} does not fit into "
            f"memory; set batch_size to {half} and accumulate_steps to "
            f"{2 * params.accumulate_steps}, which takes the same steps."
        ) from None


def _is_out_of_memory(error: RuntimeError) -> bool:
    # On a CPU torch raises a bare RuntimeError.
    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in text
