"""Load the images of a split as input of a network, without augmentation.

All stages but training use `load_batches`; training augments images in `transforms.augment_batch`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emotion.data.cache import Images, cache_images
from emotion.data.manifest import face_images
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import crop_batch, preprocess_batch


def load_batches(
    images: Images,
    preprocessing: Preprocessing,
    batches: Sequence[np.ndarray],
    device: str | torch.device = "cpu",
) -> Iterator[Tensor]:
    """The evaluation views, batch by batch.

    Args:
        images: of the split, cached or not, uint8 (N, 3 or 1, S, S).
        preprocessing: of the network.
        batches: rows of each batch, integers (n,) in 0..N-1.
        device: of the results.

    Yields:
        float32 (n, 3, H, W), normalized, in memory format channels_last, in the order of `batches`.

    Raises:
        UserError: an image is decoded here, and is missing or cannot be read.
    """
    for batch in images.batches(batches):
        views = preprocess_batch(batch.to(device, non_blocking=True), preprocessing)
        yield views.contiguous(memory_format=torch.channels_last)


def read_pixels(rows: pd.DataFrame, preprocessing: Preprocessing, desc: str) -> Tensor:
    """The images of a manifest before normalization, for figures and for an ONNX file.

    Args:
        rows: of a manifest, N rows.
        preprocessing: of the network.
        desc: text of the progress bar; empty for no bar.

    Returns:
        float32 (N, 3, H, W), RGB in 0..1, in the default memory format: in channels_last the last
        bits of attribution maps would differ.

    Raises:
        UserError: an image is missing or cannot be read.
    """
    return crop_batch(cache_images(face_images(rows), preprocessing, desc), preprocessing)
