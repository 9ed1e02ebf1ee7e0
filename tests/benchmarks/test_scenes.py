"""The copies and scenes that benchmarks/bench_faces.py predicts."""

import numpy as np
import pytest
from PIL import Image

from benchmarks import scenes
from benchmarks.bench_parties import cut_by_hand
from tests.conftest import preprocessing_of

SIDE = 64


@pytest.fixture
def face() -> Image.Image:
    """Noise, which no background contains."""
    values = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("kind", scenes.KINDS)
def test_a_copy_is_the_same_in_two_calls_and_depends_on_the_path(face, kind):
    one, again, other = (scenes.copy_of(face, kind, name) for name in ("a.jpg", "a.jpg", "b.jpg"))
    assert (np.asarray(one[0]) == np.asarray(again[0])).all()
    assert one[1] == again[1]
    assert one[0].size != other[0].size or (np.asarray(one[0]) != np.asarray(other[0])).any()


@pytest.mark.parametrize("kind", ["shifted", "padded"])
@pytest.mark.parametrize("name", ["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
def test_shifted_and_padded_faces_are_whole_and_the_first_are_off_the_center(face, kind, name):
    copy, _ = scenes.copy_of(face, kind, name)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(copy), (SIDE, SIDE))
    [[top, left]] = np.argwhere((windows == np.asarray(face)).all(axis=(2, 3)))
    rest = copy.width - SIDE
    centered = (left, top) == (rest // 2, rest // 2)
    assert centered == (kind == "padded")


def test_the_copy_of_kind_cut_is_moved_in_its_frame(face):
    copy, _ = scenes.copy_of(face, "cut", "a.jpg")
    assert copy.size == face.size
    middle = np.asarray(face)[12:52, 12:52]
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(copy), middle.shape)
    [place] = np.argwhere((windows == middle).all(axis=(2, 3)))
    assert (place != 12).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_true_squares_of_a_party_are_where_the_faces_were_pasted(face, seed):
    faces = [face.rotate(90 * turn) for turn in range(4)] * 2
    scene, squares = scenes.make_party(faces, np.random.default_rng(seed))
    assert len(squares) == len(faces)
    for one, (left, top, right, bottom) in zip(faces, squares, strict=True):
        side = right - left
        assert bottom - top == side
        assert 0 <= left < right <= scene.width
        assert 0 <= top < bottom <= scene.height
        pasted = np.asarray(one.resize((side, side), Image.Resampling.LANCZOS))
        inner = slice(side // 10, -(side // 10))  # without the edge, which may be soft
        found = np.asarray(scene.crop((left, top, right, bottom)))
        assert (found[inner, inner] == pasted[inner, inner]).all()


def test_faces_of_a_party_do_not_overlap(face):
    scene, squares = scenes.make_party([face] * 8, np.random.default_rng(0))
    covered = np.zeros(scene.size, int)
    for left, top, right, bottom in squares:
        covered[left:right, top:bottom] += 1
    assert covered.max() == 1


@pytest.mark.parametrize("angle", [0, 20, -35])
def test_what_is_cut_by_hand_is_what_the_network_sees(angle):
    ramp = np.linspace(0, 255, 400)
    image = Image.fromarray(np.stack([np.add.outer(ramp, ramp[::-1]) / 2] * 3, -1).astype(np.uint8))
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    axes = 101 * np.array([[cosine, -sine], [sine, cosine]])
    view = np.column_stack([axes, [180.3, 140.7]])
    found = preprocessing_of(101, resize_scale=1.0).prepare(cut_by_hand(image, view))
    u, v = (np.arange(101) + 0.5) / 101, (np.arange(101) + 0.5) / 101
    x = view[0, 0] * u + view[0, 1] * v[:, None] + view[0, 2]
    y = view[1, 0] * u + view[1, 1] * v[:, None] + view[1, 2]
    expected = (y + 400 - x) / 400 * 255 / 2
    assert np.abs(found[0] - expected).mean() < 1
