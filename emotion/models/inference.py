"""Run a network over the images of a split; validation, evaluation and export share this loop.

Always float32, whatever precision training used, so `evaluate` reproduces the validation metric
that selected the checkpoint.
"""

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from emotion.data.batches import load_batches
from emotion.data.cache import Images
from emotion.data.preprocessing import Preprocessing


@torch.no_grad()
def predict_logits(
    model: nn.Module,
    images: Images,
    preprocessing: Preprocessing,
    batch_size: int = 64,
    desc: str = "",
    rows: np.ndarray | None = None,
) -> np.ndarray:
    """Logits of images, in order.

    Args:
        model: normalized images (n, 3, H, W) to logits (n, C). It runs in evaluation mode on its
            own device; its mode is restored.
        images: cached, or decoded on the fly.
        preprocessing: of the network.
        batch_size: affects speed and memory, and no more than the last bits of the logits.
        desc: text of the progress bar; empty for no bar.
        rows: indices into `images`, (N,); None takes all.

    Returns:
        float32 array (N, C).
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    rows = np.arange(len(images)) if rows is None else rows
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    views = load_batches(images, preprocessing, batches, device)
    bar = tqdm(views, desc, len(batches), unit="batch", leave=False, disable=not desc)
    logits = [model(batch).float() for batch in bar]
    model.train(was_training)
    return torch.cat(logits).cpu().numpy()  # copied once: each copy would synchronize with a GPU
