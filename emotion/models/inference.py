"""Run a network over images: the one loop that validation, evaluation and prediction share.

Always float32, whatever precision training used, so `evaluate` reproduces the validation metric
that selected the checkpoint.
"""

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from emotion.data.cache import Images
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import preprocess_batch


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
        model: evaluated in evaluation mode; its mode is restored.
        images: cached, or decoded on the fly.
        preprocessing: of the network.
        batch_size: changes speed and memory, and only the last bits of the logits.
        desc: text of the progress bar; empty for no bar.
        rows: which images; None takes all.

    Returns:
        float32 array (N, C).
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    logits = []
    rows = np.arange(len(images)) if rows is None else rows
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    bar = tqdm(total=len(batches), desc=desc, unit="batch", leave=False, disable=not desc)
    for batch in images.batches(batches):
        views = preprocess_batch(batch.to(device, non_blocking=True), preprocessing)
        logits.append(model(views.contiguous(memory_format=torch.channels_last)).float())
        bar.update()
    bar.close()
    model.train(was_training)
    return torch.cat(logits).cpu().numpy()  # copied once: each copy would synchronize with a GPU
