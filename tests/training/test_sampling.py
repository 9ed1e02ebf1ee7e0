"""The rows of an epoch, and their order."""

import numpy as np

from emotion.training.sampling import epoch_batches

LABELS = np.array([0] * 90 + [1] * 10)


def test_shuffle_visits_every_row_once_in_batches_of_nearly_equal_size():
    batches = epoch_batches("shuffle", LABELS, 32, seed=1, epoch=1)
    assert sorted(np.concatenate([rows for rows, _ in batches])) == list(range(100))
    assert sorted(len(rows) for rows, _ in batches) == [25, 25, 25, 25]
    assert all((rows == keys).all() for rows, keys in batches)


def test_no_batch_has_a_single_image():
    sizes = [len(rows) for rows, _ in epoch_batches("shuffle", LABELS[:65], 32, 1, 1)]
    assert sorted(sizes) == [21, 22, 22]


def test_the_order_depends_on_seed_and_epoch_only():
    def order(seed, epoch):
        return np.concatenate(
            [rows for rows, _ in epoch_batches("shuffle", LABELS, 32, seed, epoch)]
        )

    assert (order(1, 1) == order(1, 1)).all()
    assert (order(1, 1) != order(1, 2)).any()
    assert (order(1, 1) != order(2, 1)).any()


def test_the_weighted_sampler_balances_classes_and_gives_repeated_rows_different_keys():
    epochs = [epoch_batches("weighted", LABELS, 32, 1, epoch) for epoch in range(40)]
    rows = np.concatenate([rows for batches in epochs for rows, _ in batches])
    assert abs(LABELS[rows].mean() - 0.5) < 0.03
    for batches in epochs:
        keys = np.concatenate([keys for _, keys in batches])
        assert len(set(keys)) == len(keys)
