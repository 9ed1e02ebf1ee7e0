"""Random numbers depend on their seed and row only."""

import numpy as np
from scipy import stats

from emotion.core.seeding import derive_seed, splitmix64, uniforms

GOLDEN = 0x9E3779B97F4A7C15


def test_splitmix64_gives_its_published_outputs():
    # The first outputs of the reference implementation for seed 0; the state advances by GOLDEN.
    states = np.array([0, GOLDEN, (2 * GOLDEN) % 2**64], dtype=np.uint64)
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert splitmix64(states).tolist() == expected


def test_uniforms_of_a_row_do_not_depend_on_its_neighbors():
    together = uniforms(7, np.arange(100), draws=5)
    alone = uniforms(7, np.array([42]), draws=5)
    reversed_rows = uniforms(7, np.arange(100)[::-1], draws=5)
    np.testing.assert_array_equal(together[42], alone[0])
    np.testing.assert_array_equal(together, reversed_rows[::-1])


def test_more_draws_do_not_change_the_first_ones():
    few, many = uniforms(7, np.arange(10), draws=3), uniforms(7, np.arange(10), draws=8)
    np.testing.assert_array_equal(few, many[:, :3])


def test_uniforms_are_uniform_and_uncorrelated_between_rows_draws_and_seeds():
    values = uniforms(derive_seed(42, 1, "augment"), np.arange(20_000), draws=4)
    other = uniforms(derive_seed(42, 2, "augment"), np.arange(20_000), draws=4)
    assert values.min() >= 0
    assert values.max() < 1
    assert stats.kstest(values.ravel(), "uniform").pvalue > 0.001
    for a, b in [
        (values[:, 0], values[:, 1]),
        (values[:-1, 0], values[1:, 0]),
        (values[:, 0], other[:, 0]),
    ]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.03  # 4 standard errors at 20,000 pairs


def test_a_derived_seed_is_reproducible_and_differs_between_purposes():
    assert derive_seed(42, "split") == derive_seed(42, "split")
    purposes = [(42,), (43,), (42, 0), (42, "a"), (42, "b"), (4, 2), (2, 4)]
    seeds = {derive_seed(*parts) for parts in purposes}
    assert len(seeds) == len(purposes)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_derived_seeds_never_change():
    # Computed separately as blake2b(b"42/split", 8 bytes). Another value would change every split
    # and every augmentation of every user.
    assert derive_seed(42, "split") == 4372013165069994951
