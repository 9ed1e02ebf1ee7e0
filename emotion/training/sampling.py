"""The order in which an epoch visits the training rows, a pure function of (seed, epoch)."""

import numpy as np
import pandas as pd

from emotion.core.seeding import derive_seed


def epoch_batches(
    sampler: str, labels: np.ndarray, batch_size: int, seed: int, epoch: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The epoch's batches as (rows, augmentation keys).

    Batch sizes differ by at most one, so no row is dropped and no batch has a single image, which
    BatchNorm could not normalize.

    Args:
        sampler: `shuffle` visits each row once; `weighted` draws rows with replacement so that
            all classes are equally frequent.
        labels: class index of each row, (N,).
        batch_size: at most this many rows per batch.
        seed: the run's seed.
        epoch: from 1.

    Returns:
        Per batch its rows and, per row, the key that seeds its augmentation: the row itself, or a
        number from N on for its second and later visits in this epoch.
    """
    rng = np.random.default_rng(derive_seed(seed, epoch, "order"))
    count = len(labels)
    if sampler == "weighted":
        share = 1 / np.bincount(labels)[labels]
        rows = rng.choice(count, size=count, p=share / share.sum())
    else:
        rows = rng.permutation(count)
    visits = pd.Series(rows).groupby(rows).cumcount().to_numpy()
    keys = rows + count * visits
    batches = -(-count // batch_size)
    return list(zip(np.array_split(rows, batches), np.array_split(keys, batches), strict=True))
