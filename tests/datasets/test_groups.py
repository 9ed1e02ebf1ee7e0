"""Groups are connected by subject, identical pixels, near-duplicates and augmented copies."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.datasets.augmented_names import name_originals
from emotion.datasets.groups import NAME_DIGITS, group_images, name_groups
from emotion.datasets.image_hashes import compute_phashes, lowest_frequencies
from emotion.datasets.near_duplicates import Pairs
from tests.datasets.test_image_hashes import draw_blobs

NONE = np.array([], dtype=np.int64)
NO_PAIRS = Pairs(NONE, NONE, NONE, NONE)


def sha(content):
    return hashlib.sha256(str(content).encode()).hexdigest()


def make_rows(records):
    """Build rows from (subject, content, key of copies)."""
    subjects, contents, originals = (list(column) for column in zip(*records, strict=True))
    rows = pd.DataFrame({"subject": subjects, "sha256": [sha(content) for content in contents]})
    return rows, np.array(originals, dtype=object)


def make_pairs(pairs):
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    ones = np.ones(len(table), dtype=np.int64)
    return Pairs(table[:, 0], table[:, 1], ones, 0 * ones)


def group_by_brute_force(rows, originals, pairs):
    """The smallest hash of each row's component, merging rows until nothing changes."""
    component = list(range(len(rows)))
    keys = list(zip(rows["subject"], rows["sha256"], originals, strict=True))
    linked = set(pairs) | {
        (i, j)
        for i in range(len(rows))
        for j in range(i)
        if any(a and a == b for a, b in zip(keys[i], keys[j], strict=True))
    }
    changed = True
    while changed:
        changed = False
        for i, j in linked:
            if component[i] != component[j]:
                component[i] = component[j] = min(component[i], component[j])
                changed = True
    return rows.groupby(component)["sha256"].transform("min").str[:NAME_DIGITS].tolist()


@st.composite
def tables(draw):
    record = st.tuples(
        st.sampled_from(["", "", "ann", "bob", "cy"]),
        st.integers(0, 40),
        st.sampled_from(["", "", "happy/1", "sad:2", "ann"]),
    )
    records = draw(st.lists(record, min_size=1, max_size=40))
    numbers = st.integers(0, len(records) - 1)
    near = draw(st.sets(st.tuples(numbers, numbers).filter(lambda p: p[0] < p[1]), max_size=12))
    return *make_rows(records), near


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(tables())
def test_groups_are_the_connected_components(table):
    rows, originals, near = table
    found = name_groups(rows, make_pairs(near), originals)
    assert found.tolist() == group_by_brute_force(rows, originals, near)


@settings(max_examples=50, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_the_rows(table, random):
    rows, originals, near = table
    order = list(range(len(rows)))
    random.shuffle(order)
    position = {row: index for index, row in enumerate(order)}
    moved = {tuple(sorted((position[i], position[j]))) for i, j in near}
    before = name_groups(rows, make_pairs(near), originals)
    after = name_groups(rows.iloc[order], make_pairs(moved), originals[order])
    assert after.tolist() == before[order].tolist()


def test_names_do_not_depend_on_the_names_of_files():
    rows, _ = make_rows([("", content, "") for content in range(4)])
    labels = pd.Series(["sad"] * 4)
    names = []
    for paths in (
        ["1.jpg", "1_aug_1.jpg", "2.jpg", "3.jpg"],
        ["x.png", "x-aug-7.png", "b.png", "a.png"],
    ):
        _, originals = name_originals(pd.Series(paths), labels)
        names.append(name_groups(rows, NO_PAIRS, originals).tolist())
    assert names[0] == names[1]
    assert len(set(names[0])) == 3


def test_a_chain_of_different_links_is_one_group():
    rows, originals = make_rows(
        [("ann", 0, ""), ("ann", 1, ""), ("", 1, "k"), ("", 2, "k"), ("", 3, ""), ("", 4, "")]
    )
    groups = name_groups(rows, make_pairs({(3, 4)}), originals)
    assert groups.tolist() == [min(sha(i) for i in range(4))[:NAME_DIGITS]] * 5 + [
        sha(4)[:NAME_DIGITS]
    ]


def test_rows_without_subject_and_copies_are_separate_groups():
    rows, originals = make_rows([("", content, "") for content in range(5)])
    assert len(set(name_groups(rows, NO_PAIRS, originals))) == 5


def test_a_subject_and_a_key_of_copies_with_equal_text_are_not_linked():
    rows, originals = make_rows([("7", 0, ""), ("", 1, "7")])
    assert len(set(name_groups(rows, NO_PAIRS, originals))) == 2


def make_images(*records):
    """Rows of `group_images` from (path, subject, number of set bits in the phash)."""
    paths, subjects, bits = zip(*records, strict=True) if records else ((), (), ())
    codes = [np.packbits(np.arange(256) < count).tobytes() for count in bits]
    return pd.DataFrame(
        {
            "path": pd.Series(paths, dtype=str),
            "label": "sad",
            "subject": pd.Series(subjects, dtype=str),
            "sha256": [sha(path) for path in paths],
            "phash": pd.Series(codes, dtype=object),
        }
    )


def test_group_images_links_near_duplicates_copies_and_subjects():
    rows = make_images(
        ("1.jpg", "", 0),
        ("2.jpg", "", 4),
        ("2_aug_1.jpg", "", 30),
        ("3.jpg", "ann", 43),
        ("4.jpg", "ann", 60),
        ("5.jpg", "", 48),
    )
    before = rows.copy(deep=True)
    found = group_images(rows, bits=4)
    first, _, _, second, _, other = found.names
    assert found.names.tolist() == [first] * 3 + [second] * 2 + [other]
    assert len({first, second, other}) == 3
    assert [column.tolist() for column in found.near] == [[0], [1], [4], [0]]
    assert found.is_copy.tolist() == [False, False, True, False, False, False]
    pd.testing.assert_frame_equal(rows, before)


def test_mirrored_and_turned_copies_are_in_the_group_of_their_original():
    image, other = (np.asarray(draw_blobs(seed)) for seed in (0, 1))
    images = [image, np.fliplr(image), np.rot90(image), np.rot90(image, 2), other]
    rows = make_images(*((f"{number}.png", "", 0) for number in range(5)))
    phashes = compute_phashes(lowest_frequencies(np.stack(images)))
    names = group_images(rows.assign(phash=list(map(bytes, phashes))), bits=16).names
    assert names[:4].tolist() == [names[0]] * 4
    assert names[4] != names[0]


def with_whole_images(rows, images):
    """Columns of the whole images, given as the number of set bits in their hash."""
    codes = [np.packbits(np.arange(256) < count).tobytes() for count in images]
    return rows.assign(image_sha256=[sha(count) for count in images], image_phash=codes)


def test_faces_of_one_image_and_of_near_images_are_one_group():
    """The crops are far from each other; of the images, the first and the third are near."""
    rows = make_images(*((f"{number}.jpg", "", 40 * number) for number in range(5)))
    found = group_images(with_whole_images(rows, [0, 0, 3, 100, 200]), bits=4)
    first, _, _, second, other = found.names
    assert found.names.tolist() == [first] * 3 + [second, other]
    assert len({first, second, other}) == 3
    assert [column.tolist() for column in found.near] == [[0], [2], [3], [0]]


def test_near_crops_of_different_images_are_one_group():
    """An image and a part of it: only the crops of the face are alike."""
    rows = make_images(("0.jpg", "", 0), ("1.jpg", "", 2), ("2.jpg", "", 90))
    found = group_images(with_whole_images(rows, [0, 100, 200]), bits=4)
    assert found.names[0] == found.names[1] != found.names[2]
    assert [column.tolist() for column in found.near] == [[0], [1], [2], [0]]


def test_a_pair_that_is_near_as_crop_and_as_image_has_the_smaller_distance():
    rows = make_images(("0.jpg", "", 0), ("1.jpg", "", 3))
    for images, distance in (([0, 2], 2), ([0, 4], 3), ([5, 5], 0)):
        found = group_images(with_whole_images(rows, images), bits=4)
        # The same image is one group anyway, so it needs no pair of its own.
        expected = 3 if images == [5, 5] else distance
        assert found.near.distance.tolist() == [expected]


def test_group_images_accepts_an_empty_table():
    found = group_images(make_images(), bits=16)
    assert len(found.names) == len(found.is_copy) == len(found.near.first) == 0
