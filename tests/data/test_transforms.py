"""The training view is a pure function of (seed, epoch, row); its operations are torchvision's."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from emotion.data import transforms
from tests.conftest import preprocessing_of

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
PREPROCESSING = preprocessing_of(32, mean=MEAN, std=STD)
DEFAULTS = transforms.AugmentParams()


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (6, 3, 36, 36), generator=generator, dtype=torch.uint8)


def view(images, rows, seed=1, epoch=1):
    return transforms.augment_batch(images, np.asarray(rows), seed, epoch, PREPROCESSING, DEFAULTS)


def draws(count, **fixed):
    """Neutral draws for `affine_matrices`: whole area, square, upright; `fixed` overrides."""
    names = ("area", "ratio", "x", "y", "flip", "angle")
    values = {"area": 1.0, "ratio": 0.5, "x": 0.5, "y": 0.5, "flip": 0.9, "angle": 0.5, **fixed}
    return torch.tensor([[values[name] for name in names]] * count)


def resample(image, matrix):
    grid = transforms.sampling_grid(matrix, image.shape[-1])
    return F.grid_sample(image[None], grid, align_corners=False)[0]


def test_the_view_of_a_row_does_not_depend_on_its_batch(images):
    whole = view(images, range(6))
    parts = torch.cat([view(images[:2], [0, 1]), view(images[2:], [2, 3, 4, 5])])
    shuffled = view(images[[3, 1]], [3, 1])
    assert torch.equal(whole, parts)
    assert torch.equal(whole[[3, 1]], shuffled)


@pytest.mark.parametrize("changed", [{"seed": 2}, {"epoch": 2}])
def test_another_seed_or_epoch_gives_another_view(images, changed):
    assert not torch.equal(view(images, range(6)), view(images, range(6), **changed))


def test_validation_is_the_normalized_center_crop(images):
    ours = transforms.preprocess_batch(images, PREPROCESSING)
    crop = TF.center_crop(images.float() / 255, 32)
    torch.testing.assert_close(ours, TF.normalize(crop, MEAN, STD))
    torch.testing.assert_close(transforms.denormalize(ours, PREPROCESSING), crop)


@pytest.mark.parametrize(("flip", "dims"), [(0.9, ()), (0.1, (-1,))])
def test_neutral_draws_give_the_image_and_a_low_flip_draw_its_mirror_image(images, flip, dims):
    image = images[0].float()
    found = resample(image, transforms.affine_matrices(draws(1, flip=flip), DEFAULTS))
    torch.testing.assert_close(found, image.flip(dims), atol=0.01, rtol=0)  # of 255


@pytest.mark.parametrize("angle", [0.0, 1.0])
def test_the_largest_rotation_is_15_degrees(angle):
    yy, xx = np.mgrid[0:64, 0:64]
    image = torch.from_numpy(np.exp(-((xx - 48) ** 2 + (yy - 31.5) ** 2) / 8)).float()[None]
    turned = resample(image, transforms.affine_matrices(draws(1, angle=angle), DEFAULTS))[0]
    y, x = (torch.nonzero(turned > turned.max() * 0.5).float().mean(dim=0) - 31.5).tolist()
    assert abs(math.degrees(math.atan2(y, x))) == pytest.approx(15, abs=1.5)


def test_the_sampling_grid_equals_torchs_affine_grid():
    matrices = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    expected = F.affine_grid(matrices, [5, 1, 17, 17], align_corners=False)
    torch.testing.assert_close(transforms.sampling_grid(matrices, 17), expected)


def test_the_smallest_crop_shows_three_quarters_of_the_area():
    matrix = transforms.affine_matrices(draws(1, area=0.0), DEFAULTS)
    assert torch.linalg.det(matrix[0, :, :2]).item() == pytest.approx(0.75, rel=1e-5)


def test_crops_stay_inside_the_image():
    random = torch.rand(500, 6, generator=torch.Generator().manual_seed(0))
    random[:, 5] = 0.5  # upright: rotation may sample beyond the border
    matrices = transforms.affine_matrices(random, DEFAULTS)
    corners = matrices @ torch.tensor([[1, 1, 1.0], [-1, -1, 1.0], [1, -1, 1.0]]).T
    assert corners.abs().max() <= 1 + 1e-5


def jitter(images, **factors):
    """Jitter images by draws that are neutral unless given."""
    names = ("brightness", "contrast", "saturation")
    draws = torch.tensor([[factors.get(name, 0.5) for name in names]] * len(images))
    return transforms.jitter(images, draws, DEFAULTS.color)


@pytest.fixture
def colors():
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("brightness", TF.adjust_brightness),
        ("contrast", TF.adjust_contrast),
        ("saturation", TF.adjust_saturation),
    ],
)
@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_each_jitter_equals_torchvisions(colors, name, reference, draw, factor):
    expected = reference(colors, factor)
    torch.testing.assert_close(jitter(colors, **{name: draw}), expected, atol=2e-3, rtol=0)


def test_all_three_jitters_together_equal_torchvisions_in_sequence(colors):
    colors = 0.3 + 0.4 * colors  # in this range none of the three clips
    expected = TF.adjust_brightness(colors, 1.1)
    expected = TF.adjust_saturation(TF.adjust_contrast(expected, 0.8), 1.2)
    together = jitter(colors, brightness=0.75, contrast=0.0, saturation=1.0)
    torch.testing.assert_close(together, expected, atol=2e-3, rtol=0)


def test_a_grayscale_cache_gives_the_same_views_as_its_rgb_copy(images):
    gray = images[:, :1]
    torch.testing.assert_close(
        view(gray, range(6)), view(gray.expand(-1, 3, -1, -1), range(6)), atol=1e-4, rtol=0
    )
    ours = transforms.preprocess_batch(gray, PREPROCESSING)
    assert torch.equal(ours, transforms.preprocess_batch(gray.expand(-1, 3, -1, -1), PREPROCESSING))


def test_a_quarter_of_the_images_is_erased_by_at_most_a_fifth_of_the_area():
    erased = torch.ones(2000, 3, 32, 32)
    transforms.erase(erased, np.random.default_rng(0).random((2000, 4)), DEFAULTS.erase)
    share = (erased == 0).float().mean(dim=(1, 2, 3))
    assert (share > 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert share.max() <= 0.2 + 0.05  # boxes are rounded to whole pixels
    assert torch.equal(erased[:, 0], erased[:, 2])


def test_rotation_fills_the_corners_by_reflection_and_not_with_black():
    white = torch.full((64, 3, 36, 36), 200, dtype=torch.uint8)
    identity = preprocessing_of(32, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    views = transforms.augment_batch(white, np.arange(64), 0, 1, identity, DEFAULTS)
    erased = (views == 0).all(dim=1, keepdim=True).expand_as(views)
    assert views[~erased].min() > 0.5


def test_half_of_the_images_are_flipped():
    image = torch.zeros(400, 3, 36, 36, dtype=torch.uint8)
    image[..., :18] = 255
    views = transforms.augment_batch(image, np.arange(400), 0, 1, PREPROCESSING, DEFAULTS)
    left, right = views[..., :8].mean(dim=(1, 2, 3)), views[..., -8:].mean(dim=(1, 2, 3))
    assert (left < right).float().mean().item() == pytest.approx(0.5, abs=0.08)


def test_without_strength_nothing_is_turned_colored_or_erased(colors):
    none = transforms.AugmentParams(crop_area=1.0, rotation=0.0, color=0.0, erase=0.0)
    random = torch.rand(50, 6, generator=torch.Generator().manual_seed(0))
    matrices = transforms.affine_matrices(random, none)
    assert matrices[:, 0, 1].abs().max() == matrices[:, 1, 0].abs().max() == 0
    sides = matrices[:, [0, 1], [0, 1]].abs()  # of the crop, as shares; only its ratio is random
    torch.testing.assert_close(sides.amax(dim=1), torch.ones(50))
    torch.testing.assert_close(transforms.jitter(colors, random[:2, :3], none.color), colors)
    erased = torch.ones(50, 3, 8, 8)
    transforms.erase(erased, np.random.default_rng(0).random((50, 4)), none.erase)
    assert erased.min() == 1


@pytest.mark.parametrize(
    "strength",
    [{"crop_area": 0.3}, {"rotation": 60.0}, {"color": 0.6}, {"erase": 1.0}, {"resolution": 0.1}],
)
def test_each_strength_changes_the_view(images, strength):
    stronger = transforms.AugmentParams(**strength)
    views = transforms.augment_batch(images, np.arange(6), 1, 1, PREPROCESSING, stronger)
    assert (views - view(images, range(6))).abs().mean() > 0.01


def test_a_reduced_view_is_the_image_resized_to_fewer_pixels_and_back(colors):
    """torchvision resizes one image at a time, by another program than matrix products."""
    views = F.interpolate(colors[:2], size=48, mode="bilinear")
    reduced = transforms.reduce_resolution(views, np.array([0.0, 0.999]), smallest=0.25)
    small = TF.resize(views[:1], [12, 12], InterpolationMode.BILINEAR, antialias=True)
    expected = TF.resize(small, [48, 48], InterpolationMode.BILINEAR, antialias=True)
    torch.testing.assert_close(reduced[:1], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(reduced[1:], views[1:], atol=1e-6, rtol=0)


def test_sizes_of_reduced_views_are_between_the_smallest_and_the_full_one():
    noise = torch.rand(300, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    draws = np.random.default_rng(0).random(300)
    contrast = transforms.reduce_resolution(noise, draws, 0.5).std(dim=(1, 2, 3))
    order = contrast[torch.from_numpy(np.argsort(draws, kind="stable"))]
    assert (order.diff() > -0.02).all()  # a larger draw keeps more details
    assert order[-1] == pytest.approx(noise[0].std().item(), abs=0.01)
    assert order[0] < 0.6 * order[-1]


def test_other_changes_of_a_view_are_those_of_a_run_with_full_resolution(images):
    full = transforms.AugmentParams(erase=0.0, color=0.0)
    reduced = transforms.AugmentParams(erase=0.0, color=0.0, resolution=0.999)  # sizes 32 of 32
    first, second = (
        transforms.augment_batch(images, np.arange(6), 1, 1, PREPROCESSING, params)
        for params in (full, reduced)
    )
    torch.testing.assert_close(first, second, atol=1e-4, rtol=0)
