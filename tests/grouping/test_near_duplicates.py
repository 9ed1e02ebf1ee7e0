"""The fast search joins what comparing all pairs would join, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from emotion.grouping.near_duplicates import find_near_pairs


def scatter(seed, count, size, spread):
    """Hashes of `size` bytes: around a few centers, each with up to `spread` bits changed."""
    rng = np.random.default_rng(seed)
    centers = rng.integers(0, 256, (max(1, count // 6), size), dtype=np.uint8)
    bits = np.unpackbits(centers[rng.integers(0, len(centers), count)], axis=1)
    for row in bits:
        row[rng.choice(8 * size, rng.integers(0, spread + 1), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def all_distances(hashes):
    return np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2, dtype=np.int64)


def join(count, first, second):
    """For each row the first row of its connected component."""
    graph = np.zeros((count, count), dtype=bool)
    graph[first, second] = True
    _, component = connected_components(graph, directed=False)
    return [int(np.flatnonzero(component == own)[0]) for own in component]


CASES = st.builds(
    scatter,
    seed=st.integers(0, 10**6),
    count=st.integers(1, 40),
    size=st.sampled_from([8, 16, 32]),
    spread=st.integers(0, 14),
)


@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 16))
def test_the_components_are_those_of_comparing_all_pairs(hashes, distance):
    pairs = find_near_pairs(hashes, distance)
    near = np.nonzero(all_distances(hashes) <= distance)
    assert join(len(hashes), pairs.first, pairs.second) == join(len(hashes), *near)


@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 16))
def test_each_pair_is_near_named_once_with_its_distance_and_in_order(hashes, distance):
    pairs = find_near_pairs(hashes, distance)
    assert (pairs.distance <= distance).all()
    assert (pairs.distance == all_distances(hashes)[pairs.first, pairs.second]).all()
    named = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert named == sorted(set(named))
    assert (pairs.first < pairs.second).all()


@settings(max_examples=30, deadline=None)
@given(CASES, st.integers(0, 16))
def test_the_same_hashes_give_the_same_pairs(hashes, distance):
    first = find_near_pairs(hashes, distance)
    second = find_near_pairs(hashes.copy(), distance)
    assert all((one == other).all() for one, other in zip(first, second, strict=True))


@settings(max_examples=30, deadline=None)
@given(CASES, st.integers(0, 16), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_component(hashes, distance, random):
    order = list(range(len(hashes)))
    random.shuffle(order)
    pairs, moved = (find_near_pairs(some, distance) for some in (hashes, hashes[order]))
    back = np.array(order)
    together = join(len(hashes), pairs.first, pairs.second)
    assert join(len(hashes), back[moved.first], back[moved.second]) == together


@pytest.mark.parametrize("distance", range(17))
def test_a_pair_is_found_up_to_the_distance_and_not_one_bit_beyond(distance):
    rng = np.random.default_rng(distance)
    for _ in range(20):
        bits = np.tile(rng.integers(0, 2, 256, dtype=np.uint8), (2, 1))
        changed = rng.permutation(256)[: distance + 1]
        bits[1, changed[:distance]] ^= 1
        assert find_near_pairs(np.packbits(bits, axis=1), distance).distance.tolist() == [distance]
        bits[1, changed[distance]] ^= 1
        assert len(find_near_pairs(np.packbits(bits, axis=1), distance).first) == 0


def test_an_image_that_stands_there_a_thousand_times_gives_999_pairs():
    hashes = np.tile(scatter(0, 1, 32, 0), (1000, 1))
    pairs = find_near_pairs(hashes, 16)
    assert len(pairs.first) == 999
    assert not pairs.distance.any()
    assert set(join(1000, pairs.first, pairs.second)) == {0}


def test_two_crowds_of_equal_hashes_are_joined_by_one_pair():
    one = scatter(0, 1, 32, 0)
    other = one.copy()
    other[0, 5] ^= 0b101
    hashes = np.concatenate([np.tile(one, (50, 1)), np.tile(other, (70, 1))])
    pairs = find_near_pairs(hashes, 2)
    assert len(pairs.first) == 49 + 69 + 1
    assert pairs.distance.sum() == 2


def test_at_distance_0_only_equal_hashes_are_joined():
    hashes = scatter(1, 40, 32, 1)
    pairs = find_near_pairs(hashes, 0)
    same = np.nonzero((hashes[:, None] == hashes[None]).all(axis=2))
    assert not pairs.distance.any()
    assert join(40, pairs.first, pairs.second) == join(40, *same)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_have_no_pairs(count):
    pairs = find_near_pairs(np.zeros((count, 32), dtype=np.uint8), 16)
    assert [len(column) for column in pairs] == [0, 0, 0]
