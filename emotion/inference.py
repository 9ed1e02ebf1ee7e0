"""Run a network over cached images: the one way that validation, evaluation and export share.

Always float32, whatever precision training used: the validation metric that selects a checkpoint is
then the number that `evaluate` finds again.
"""

from typing import Protocol

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from emotion.data.cache import Images
from emotion.data.transforms import eval_batch


class InputSpec(Protocol):
    """What a network expects of an image; a Checkpoint and its Origin say so."""

    img_size: int  # pixels
    mean: list[float]
    std: list[float]


@torch.no_grad()
def predict_logits(
    model: nn.Module,
    images: Images,
    spec: InputSpec,
    batch_size: int = 64,
    desc: str = "",
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Logits of images, in order.

    Args:
        model: put into evaluation mode for the call, and back.
        images: of the cache, or decoded as they come.
        spec: input side and normalization.
        batch_size: changes speed and memory; logits to the last bits only.
        desc: progress bar's text; empty for no bar.
        rows: which images; None takes all.

    Returns:
        float32 array (N, C).
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    logits = []
    rows = np.arange(len(images)) if rows is None else rows
    cuts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    bar = tqdm(total=len(cuts), desc=desc, unit="batch", leave=False, disable=not desc)
    for batch in images.batches(cuts):
        views = eval_batch(batch.to(device, non_blocking=True), spec.img_size, spec.mean, spec.std)
        logits.append(model(views.contiguous(memory_format=torch.channels_last)).float())
        bar.update()
    bar.close()
    model.train(was_training)
    return torch.cat(logits).cpu().numpy()  # once: a GPU need not be waited for batch by batch
