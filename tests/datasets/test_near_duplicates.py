"""The fast search connects the same rows as a comparison of all pairs under all transforms."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.sparse.csgraph import connected_components

from emotion.datasets.hash_transforms import TRANSFORMS
from emotion.datasets.near_duplicates import Pairs, find_near_pairs, list_pairs, merge_pairs
from tests.datasets.test_hash_transforms import apply, phash
from tests.datasets.test_image_hashes import draw_blobs


def sample_hashes(seed, count, spread):
    """Sample hashes around a few centers, transformed, with up to `spread` changed bits."""
    rng = np.random.default_rng(seed)
    centers = rng.integers(0, 256, (max(1, count // 6), 32), dtype=np.uint8)
    chosen = rng.integers(0, len(centers), count)
    bits = all_variants(centers)[rng.integers(0, rng.integers(1, 9), count), chosen]
    for row in bits:
        row[rng.choice(256, rng.integers(0, spread + 1), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def all_variants(hashes):
    """Bits of the hashes of the transformed images, (8, N, 256), in the order of TRANSFORMS."""
    signs = np.unpackbits(hashes, axis=1).reshape(-1, 16, 16) * 2.0 - 1
    wave = (-1.0) ** np.arange(16)
    flips = [1, wave, wave[:, None], wave * wave[:, None]]
    variants = [base * flip for base in (signs, signs.swapaxes(1, 2)) for flip in flips]
    return (np.stack(variants).reshape(8, -1, 256) > 0).astype(np.uint8)


def all_distances(hashes):
    """Different bits between each transformed hash and each hash, (8, N, N)."""
    bits = np.unpackbits(hashes, axis=1)
    return (all_variants(hashes)[:, :, None] != bits).sum(axis=3)


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
    spread=st.integers(0, 14),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 16))
def test_components_equal_those_of_comparing_all_pairs(hashes, distance):
    pairs = find_near_pairs(hashes, distance)
    near = np.nonzero(all_distances(hashes).min(axis=0) <= distance)
    assert connect(len(hashes), pairs.first, pairs.second) == connect(len(hashes), *near)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 16))
def test_each_pair_is_within_the_distance_unique_and_sorted(hashes, distance):
    pairs = find_near_pairs(hashes, distance)
    assert (pairs.distance <= distance).all()
    transformed = all_distances(hashes)[:, pairs.first, pairs.second]
    assert (pairs.distance == transformed.min(axis=0)).all()
    assert (pairs.transform == transformed.argmin(axis=0)).all()
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
    found = zip(*(column.tolist() for column in pairs[:3]), strict=True)
    assert sorted(mapped_back) == list(found)


@pytest.mark.parametrize("distance", range(17))
def test_a_pair_is_found_up_to_the_distance_and_not_one_bit_beyond_it(distance):
    rng = np.random.default_rng(distance)
    hashes = rng.integers(0, 256, (24, 32), dtype=np.uint8)
    copies = all_variants(hashes)[np.arange(24) % 8, np.arange(24)]
    changed = np.stack([rng.permutation(256)[: distance + 1] for _ in range(24)])
    copies[np.arange(24)[:, None], changed[:, :distance]] ^= 1
    pairs = find_near_pairs(np.concatenate([hashes, np.packbits(copies, axis=1)]), distance)
    assert pairs.first.tolist() == list(range(24))
    assert pairs.distance.tolist() == [distance] * 24
    copies[np.arange(24), changed[:, distance]] ^= 1
    pairs = find_near_pairs(np.concatenate([hashes, np.packbits(copies, axis=1)]), distance)
    assert len(pairs.first) == 0


def test_a_thousand_copies_of_an_image_give_999_pairs():
    hashes = np.tile(sample_hashes(0, 1, 0), (1000, 1))
    pairs = find_near_pairs(hashes, 16)
    assert len(pairs.first) == 999
    assert not pairs.distance.any()
    assert set(connect(1000, pairs.first, pairs.second)) == {0}


def test_two_sets_of_equal_hashes_are_connected_by_one_pair():
    first = sample_hashes(0, 1, 0)
    second = first.copy()
    second[0, 5] ^= 0b101
    hashes = np.concatenate([np.tile(first, (50, 1)), np.tile(second, (70, 1))])
    pairs = find_near_pairs(hashes, 2)
    assert len(pairs.first) == 49 + 69 + 1
    assert pairs.distance.sum() == 2


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_have_no_pairs(count):
    pairs = find_near_pairs(np.zeros((count, 32), dtype=np.uint8), 16)
    assert [len(column) for column in pairs] == [0, 0, 0, 0]


def test_merged_pairs_have_each_pair_once_with_its_smaller_distance():
    one = Pairs(*np.array([[0, 1, 4], [3, 2, 5], [9, 4, 1], [0, 2, 3]]))
    other = Pairs(*np.array([[0, 1, 2], [3, 2, 3], [5, 7, 0], [1, 1, 0]]))
    expected = [[0, 1, 2, 4], [3, 2, 3, 5], [5, 4, 0, 1], [1, 2, 0, 3]]
    for pairs in (merge_pairs(one, other), merge_pairs(other, one)):
        assert [column.tolist() for column in pairs] == expected
    none = Pairs(*np.empty((4, 0), dtype=np.int64))
    assert [column.tolist() for column in merge_pairs(none, one)] == [c.tolist() for c in one]


def test_a_symmetric_image_is_no_duplicate_of_itself():
    half = np.asarray(draw_blobs(0))[:, :56]
    hashes = phash(np.concatenate([half, np.fliplr(half)], axis=1))
    assert all_distances(hashes)[1, 0, 0] <= 130  # of the mirrored image, which is the same
    assert len(find_near_pairs(hashes, 64).first) == 0


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_pair_names_what_makes_the_second_image_of_the_first(transform):
    images = [np.asarray(draw_blobs(seed))[:90] for seed in range(6)]
    copies = [jpeg(apply(transform, image)) for image in images]
    pairs = find_near_pairs(np.concatenate([phash(image) for image in images + copies]), 16)
    assert pairs.first.tolist() == list(range(6))
    assert pairs.second.tolist() == list(range(6, 12))
    assert {TRANSFORMS[number] for number in pairs.transform} == {transform}


def jpeg(pixels):
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "JPEG", quality=50)
    return np.asarray(Image.open(stored))


def test_pairs_are_listed_by_labels_then_splits_then_distance():
    rows = pd.DataFrame(
        [
            ("0.png", "sad", "train", "a"),
            ("1.png", "sad", "train", "b"),
            ("2.png", "happy", "train", "a"),
            ("3.png", "sad", "test", "c"),
        ],
        columns=["path", "label", "split", "sha256"],
        index=[7, 5, 3, 1],
    )
    near = Pairs(*np.array([[0, 0, 0, 1, 1], [1, 2, 3, 2, 3], [9, 0, 3, 2, 5], [0, 0, 0, 1, 5]]))
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
    assert pairs["transform"].tolist() == ["mirrored", "", "turned 90 degrees", "", ""]
    assert pairs["identical"].tolist() == [False, True, False, False, False]
