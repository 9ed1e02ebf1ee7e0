"""Sample the images that an export is tried on, and read them as the ONNX file takes them."""

import numpy as np
import pandas as pd

from emotion.data import batches
from emotion.data.manifest import order_by_content
from emotion.data.preprocessing import Preprocessing


def sample_rows(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` rows, or all if there are fewer, chosen by content, whatever their order."""
    return order_by_content(rows, "parity").head(count)


def read_pixels(rows: pd.DataFrame, preprocessing: Preprocessing, desc: str) -> np.ndarray:
    """The images of a manifest as input of the ONNX file.

    Args:
        rows: with `path`, N rows.
        preprocessing: of the network; its normalization is a part of the file.
        desc: text of the progress bar; empty for no bar.

    Returns:
        float32 (N, 3, H, W), RGB in 0..1, C-contiguous.

    Raises:
        UserError: an image is missing or cannot be read.
    """
    return np.ascontiguousarray(batches.read_pixels(rows, preprocessing, desc).numpy())
