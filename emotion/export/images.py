"""The images that an export is tried on: chosen by content, as the ONNX file takes them."""

import numpy as np
import pandas as pd

from emotion.core.seeding import derive_seed
from emotion.data.cache import cache_images
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import crop_batch


def choose_rows(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` rows chosen by content, so that their order in the manifest has no influence."""
    keys = [derive_seed("parity", sha256) for sha256 in rows["sha256"]]
    return rows.assign(_key=keys).sort_values(["_key", "path"]).head(count)


def read_pixels(rows: pd.DataFrame, preprocessing: Preprocessing, desc: str) -> np.ndarray:
    """The images of a manifest, float32 (N, 3, H, W), RGB in 0..1; `desc`: of the progress bar."""
    cached = cache_images(rows["path"].tolist(), preprocessing, desc)
    return np.ascontiguousarray(crop_batch(cached, preprocessing).numpy())


def class_indices(rows: pd.DataFrame, class_names: list[str]) -> np.ndarray:
    """Labels as indices into `class_names`, (N,)."""
    index = {name: number for number, name in enumerate(class_names)}
    return np.asarray(rows["label"].map(index))
