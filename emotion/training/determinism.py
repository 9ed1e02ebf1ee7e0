"""The setting train.deterministic: what torch is told of it, and what the user is."""

import os

import torch
from tqdm import tqdm

from emotion.core.machine import has_avx2
from emotion.core.seeding import derive_seed


def seed_everything(seed: int, deterministic: bool | str) -> None:
    """Seed torch, and choose between identical bytes per run and cuDNN's autotuner.

    What `portable` needs besides must be set before torch is imported: `emotion.core.environment`.
    """
    torch.manual_seed(derive_seed(seed, "initial weights"))
    torch.use_deterministic_algorithms(bool(deterministic))
    # Otherwise torch fills new tensors with NaN to expose reads of uninitialized memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic
    # cuBLAS reads this at its first use; without it, deterministic algorithms raise an error.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def announce_portable() -> None:
    """Print what the setting costs, and whether this processor is one of those that it is for."""
    if has_avx2():
        tqdm.write(
            "train: portable, so on the CPU alone with 2 threads; train.deterministic=true is "
            "faster, and uses a GPU"
        )
    else:
        tqdm.write(
            "WARNING: train.deterministic is portable, but this processor is not x86-64 with AVX2: "
            "the results are those of this kind of machine."
        )
