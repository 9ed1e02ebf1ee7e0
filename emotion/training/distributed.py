"""Data-parallel training in one or several processes: rows of each, gradients and results merged.

`torchrun` starts the processes; in a single process everything here is a no-op. Gradients are
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
_HINT = "start several processes with launcher in params.yaml, or unset LOCAL_RANK"
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run, as one of them sees them; the default is a single process.

    With several, each method with collective communication must be called by all of them.
    """

    rank: int = 0  # of this process, in 0..world_size-1
    world_size: int = 1
    device: str = "cpu"  # of this process, or cuda

    @property
    def is_main(self) -> bool:
        """Whether this process, of rank 0, writes files and prints."""
        return self.rank == 0

    def shard(self, rows: np.ndarray) -> np.ndarray:
        """The rows of this process.

        Args:
            rows: (N, ...), the same on all processes.

        Returns:
            Every `world_size`-th row from row `rank` on, as a view; the sizes of the shards differ
            by one at most, and a shard is empty where N <= rank.
        """
        return rows[self.rank :: self.world_size]

    def synchronize_norms(self, model: Network) -> Network:
        """Replace BatchNorm by a layer that averages over all processes, where torch has one."""
        if self.world_size == 1 or next(model.parameters()).device.type == "cpu":
            return model
        # Not torch's own conversion: it drops the activations that timm's norm layers contain.
        return convert_sync_batchnorm(model)

    def wrap(self, model: nn.Module) -> nn.Module:
        """The network whose backward pass averages gradients over all processes.

        It covers the parameters that require gradients now: wrap again after freezing or
        unfreezing some.
        """
        return DistributedDataParallel(model) if self.world_size > 1 else model

    def gradient_sync(self, network: nn.Module, enabled: bool) -> AbstractContextManager[None]:
        """Context of a forward and backward pass; `enabled` for the last micro-batch of a step."""
        if isinstance(network, DistributedDataParallel) and not enabled:
            return network.no_sync()
        return nullcontext()

    def broadcast_buffers(self, model: nn.Module) -> None:
        """Copy the buffers of rank 0, which are saved, to all processes: BatchNorm statistics.

        Args:
            model: on the device of this process; its buffers are changed in place.
        """
        if self.world_size > 1:
            for buffer in model.buffers():
                distributed.broadcast(buffer, src=0)

    def all_reduce_sum(self, values: Tensor) -> Tensor:
        """Sum a tensor over all processes.

        Args:
            values: of any shape and numeric dtype, the same on all processes, on the device of the
                process; changed in place.

        Returns:
            `values`, now the elementwise sum.
        """
        if self.world_size > 1:
            distributed.all_reduce(values)
        return values

    def gather(self, values: np.ndarray, total: int) -> np.ndarray:
        """Merge the results for `shard(np.arange(total))`, on every process.

        Args:
            values: of this process's rows, (n, ...), of any dtype.
            total: N, the rows of all processes.

        Returns:
            (N, ...), of the same dtype, in the order of the rows before `shard`.
        """
        if self.world_size == 1:
            return values
        parts: list[Any] = [None] * self.world_size
        distributed.all_gather_object(parts, values)
        whole = np.empty((total, *values.shape[1:]), dtype=values.dtype)
        for rank, part in enumerate(parts):
            whole[rank :: self.world_size] = part
        return whole


def init_distributed() -> ProcessGroup:
    """Join the processes that torchrun started, by NCCL on GPUs and by Gloo on CPUs.

    Returns:
        A group of one without torchrun. With it, the GPU of LOCAL_RANK is the current device.

    Raises:
        UserError: the environment has a part of the variables that torchrun sets, or wrong values.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if "LOCAL_RANK" not in os.environ:
        return ProcessGroup(device=device)
    if missing := ", ".join(name for name in _TORCHRUN if name not in os.environ):
        raise UserError(f"LOCAL_RANK is set, but not {missing}", _HINT, key="launcher")
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not distributed.is_initialized():
        try:
            distributed.init_process_group("gloo" if device == "cpu" else "nccl")
        except ValueError as error:
            problem = f"the variables that torchrun sets are not usable ({error})"
            raise UserError(problem, _HINT, key="launcher") from None
    return ProcessGroup(distributed.get_rank(), distributed.get_world_size(), device)
