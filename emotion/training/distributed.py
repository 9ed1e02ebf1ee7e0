"""One process or several: which rows each of them takes, and how gradients and results are merged.

`torchrun` starts the processes; in a single process everything here does nothing. Gradients are
averaged by torch's DistributedDataParallel. BatchNorm is synchronized on GPUs; torch has no such
layer for CPUs, where each process normalizes by its own rows and the steps differ slightly.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from timm.layers import convert_sync_batchnorm
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from emotion.core.errors import UserError

_TORCHRUN = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Processes:
    """This process among those of the run."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def share(self, rows: np.ndarray) -> np.ndarray:
        """This process's part of some rows: every count-th, so sizes differ by one at most."""
        return rows[self.rank :: self.count]

    def synchronize_norms(self, model: Network) -> Network:
        """Replace BatchNorm by a layer that sees the rows of all processes, where torch can."""
        if self.count == 1 or next(model.parameters()).device.type == "cpu":
            return model
        # Not torch's own conversion: it drops the activations that timm's norm layers contain.
        return convert_sync_batchnorm(model)

    def wrap(self, model: nn.Module) -> nn.Module:
        """The network whose backward pass averages gradients over all processes.

        It covers the parameters that require gradients now: wrap again after freezing or
        unfreezing some.
        """
        return DistributedDataParallel(model) if self.count > 1 else model

    def gradient_sync(self, network: nn.Module, enabled: bool) -> AbstractContextManager[None]:
        """Context of a forward and backward pass; `enabled` for the last micro-batch of a step."""
        if isinstance(network, DistributedDataParallel) and not enabled:
            return network.no_sync()
        return nullcontext()

    def share_buffers(self, model: nn.Module) -> None:
        """Give every process the first one's BatchNorm statistics: those that are saved."""
        if self.count > 1:
            for buffer in model.buffers():
                distributed.broadcast(buffer, src=0)

    def sum(self, values: Tensor) -> Tensor:
        """Add up the values of all processes, in place."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def gather(self, values: np.ndarray, total: int) -> np.ndarray:
        """Merge the results for `share(np.arange(total))`, on every process.

        Args:
            values: of this process's rows, (n, ...).
            total: rows of all processes.
        """
        if self.count == 1:
            return values
        parts: list[Any] = [None] * self.count
        distributed.all_gather_object(parts, values)
        whole = np.empty((total, *values.shape[1:]), dtype=values.dtype)
        for rank, part in enumerate(parts):
            whole[rank :: self.count] = part
        return whole


def join_processes() -> tuple[Processes, str]:
    """Join the processes that torchrun started; returns them and this one's kind of device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if "LOCAL_RANK" not in os.environ:
        return Processes(), device
    missing = [name for name in _TORCHRUN if name not in os.environ]
    if missing:
        raise UserError(
            f"the environment has LOCAL_RANK, but of what torchrun sets not {', '.join(missing)}; "
            "start several processes with launcher in params.yaml, or unset LOCAL_RANK."
        )
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not distributed.is_initialized():
        try:
            distributed.init_process_group("gloo" if device == "cpu" else "nccl")
        except ValueError as error:
            raise UserError(
                f"the variables that torchrun sets are not usable ({error}); start several "
                "processes with launcher in params.yaml, or unset LOCAL_RANK."
            ) from None
    return Processes(distributed.get_rank(), distributed.get_world_size()), device
