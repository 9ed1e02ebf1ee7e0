"""One process or several: who does which part of a batch, and how the parts become one.

`torchrun` starts the processes and tells each its rank; alone, everything here does nothing. The
gradient of a batch is the sum over its parts, so any number of processes takes the same steps.
Gradients are summed by hand, in one call after the backward pass: DistributedDataParallel would
have to be rebuilt when the backbone thaws, and would hide its traffic only on larger machines.
BatchNorm is synchronized on GPUs; torch has no such layer for CPUs, where each process normalizes
by its own part and the steps differ a little.
"""

import os
from dataclasses import dataclass

import numpy as np
import torch
from timm.layers import convert_sync_batchnorm
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Processes:
    """This process among those of the run."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """The one process that writes files and talks."""
        return self.rank == 0

    def part(self, rows: np.ndarray) -> np.ndarray:
        """This process's share of some rows: every count-th, so shares differ by one at most."""
        return rows[self.rank :: self.count]

    def prepare(self, model: nn.Module) -> nn.Module:
        """The same weights everywhere; BatchNorm over all processes where torch can."""
        if self.count == 1:
            return model
        if next(model.parameters()).device.type != "cpu":
            # Not torch's own: that forgets the activations which timm's norms contain.
            model = convert_sync_batchnorm(model)
        for tensor in [*model.parameters(), *model.buffers()]:
            distributed.broadcast(tensor.data, src=0)
        return model

    def sum_gradients(self, model: nn.Module) -> None:
        """Add up every process's gradients, in place."""
        if self.count == 1:
            return
        gradients = [p.grad for p in model.parameters() if p.requires_grad and p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def sum(self, values: Tensor) -> Tensor:
        """Add up every process's numbers, in place."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def gather(self, values: np.ndarray, total: int) -> np.ndarray:
        """Put the parts of `part(np.arange(total))` together again, on every process.

        Args:
            values: of this process's rows, (n, ...).
            total: rows of all.
        """
        if self.count == 1:
            return values
        parts: list = [None] * self.count
        distributed.all_gather_object(parts, values)
        whole = np.empty((total, *values.shape[1:]), dtype=values.dtype)
        for rank, part in enumerate(parts):
            whole[rank :: self.count] = part
        return whole


def join_processes() -> tuple[Processes, str]:
    """Join those that torchrun started; the processes, and this one's kind of device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if "LOCAL_RANK" not in os.environ:
        return Processes(), device
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not distributed.is_initialized():
        distributed.init_process_group("gloo" if device == "cpu" else "nccl")
    return Processes(distributed.get_rank(), distributed.get_world_size()), device
