"""The fast search connects the same rows as a comparison of all pairs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from emotion.datasets.near_duplicates import Pairs, find_near_pairs, list_pairs


def sample_hashes(seed, count, size, spread):
    """Sample hashes of `size` bytes around a few centers, with up to `spread` changed bits."""
    rng = np.random.default_rng(seed)
    centers = rng.integers(0, 256, (max(1, count // 6), size), dtype=np.uint8)
    bits = np.unpackbits(centers[rng.integers(0, len(centers), count)], axis=1)
    for row in bits:
        row[rng.choice(8 * size, rng.integers(0, spread + 1), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def all_distances(hashes):
    return np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2, dtype=np.int64)


def connect(count, first, second):
    """First row of the connected component of each row."""
    graph = np.zeros((count, count), dtype=bool)
    graph[first, second] = True
    _, component = connected_components(graph, directed=False)
    return [int(np.flatnonzero(component == own)[0]) for own in component]


CASES = st.builds(
    sample_hashes,
    seed=st.integers(0, 10**6),
    count=st.integers(1, 40),
    size=st.sampled_from([8, 16, 32]),
    spread=st.integers(0, 14),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 16))
def test_components_equal_those_of_comparing_all_pairs(hashes, distance):
    pairs = find_near_pairs(hashes, distance)
    near = np.nonzero(all_distances(hashes) <= distance)
    assert connect(len(hashes), pairs.first, pairs.second) == connect(len(hashes), *near)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 16))
def test_each_pair_is_within_the_distance_unique_and_sorted(hashes, distance):
    pairs = find_near_pairs(hashes, distance)
    assert (pairs.distance <= distance).all()
    assert (pairs.distance == all_distances(hashes)[pairs.first, pairs.second]).all()
    rows = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert rows == sorted(set(rows))
    assert (pairs.first < pairs.second).all()


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(CASES, st.integers(0, 16), st.randoms(use_true_random=False))
def test_different_hashes_give_the_same_pairs_in_any_row_order(hashes, distance, random):
    hashes = np.unique(hashes, axis=0)  # equal hashes are chained in row order
    order = list(range(len(hashes)))
    random.shuffle(order)
    pairs, moved = (find_near_pairs(table, distance) for table in (hashes, hashes[order]))
    rows = np.sort(np.array(order)[np.stack([moved.first, moved.second])], axis=0)
    mapped_back = zip(*rows.tolist(), moved.distance.tolist(), strict=True)
    assert sorted(mapped_back) == list(zip(*(column.tolist() for column in pairs), strict=True))


@pytest.mark.parametrize("distance", range(17))
def test_a_pair_is_found_up_to_the_distance_and_not_one_bit_beyond_it(distance):
    rng = np.random.default_rng(distance)
    for _ in range(20):
        bits = np.tile(rng.integers(0, 2, 256, dtype=np.uint8), (2, 1))
        changed = rng.permutation(256)[: distance + 1]
        bits[1, changed[:distance]] ^= 1
        assert find_near_pairs(np.packbits(bits, axis=1), distance).distance.tolist() == [distance]
        bits[1, changed[distance]] ^= 1
        assert len(find_near_pairs(np.packbits(bits, axis=1), distance).first) == 0


def test_a_thousand_copies_of_an_image_give_999_pairs():
    hashes = np.tile(sample_hashes(0, 1, 32, 0), (1000, 1))
    pairs = find_near_pairs(hashes, 16)
    assert len(pairs.first) == 999
    assert not pairs.distance.any()
    assert set(connect(1000, pairs.first, pairs.second)) == {0}


def test_two_sets_of_equal_hashes_are_connected_by_one_pair():
    first = sample_hashes(0, 1, 32, 0)
    second = first.copy()
    second[0, 5] ^= 0b101
    hashes = np.concatenate([np.tile(first, (50, 1)), np.tile(second, (70, 1))])
    pairs = find_near_pairs(hashes, 2)
    assert len(pairs.first) == 49 + 69 + 1
    assert pairs.distance.sum() == 2


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_have_no_pairs(count):
    pairs = find_near_pairs(np.zeros((count, 32), dtype=np.uint8), 16)
    assert [len(column) for column in pairs] == [0, 0, 0]


def test_pairs_are_listed_by_labels_then_splits_then_distance():
    rows = pd.DataFrame(
        [
            ("0.png", "sad", "train"),
            ("1.png", "sad", "train"),
            ("2.png", "happy", "train"),
            ("3.png", "sad", "test"),
        ],
        columns=["path", "label", "split"],
        index=[7, 5, 3, 1],
    )
    near = Pairs(np.array([0, 0, 0, 1, 1]), np.array([1, 2, 3, 2, 3]), np.array([9, 0, 3, 2, 5]))
    pairs = list_pairs(rows, near)
    assert pairs[["first_path", "second_path", "distance"]].to_numpy().tolist() == [
        ["1.png", "2.png", 2],
        ["0.png", "2.png", 0],
        ["1.png", "3.png", 5],
        ["0.png", "3.png", 3],
        ["0.png", "1.png", 9],
    ]
    assert pairs.loc[0, ["first_label", "second_label"]].tolist() == ["sad", "happy"]
    assert pairs.loc[2, ["first_split", "second_split"]].tolist() == ["train", "test"]
