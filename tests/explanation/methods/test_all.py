"""Properties that every explainer has."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from emotion.explanation.faithfulness.evidence import score_evidence
from emotion.explanation.methods import BASELINES, EXPLAINERS
from emotion.explanation.methods.attribution import ExplainerOptions, NotApplicableError, scale_maps
from tests.conftest import make_checkpoint
from tests.explanation.methods.conftest import SIZE

ALL = EXPLAINERS | BASELINES
METHODS = list(ALL)
WITH_CLASS = [name for name in EXPLAINERS if name != "attention_rollout"]


def images_and_targets(count=2):
    generator = torch.Generator().manual_seed(2)
    targets = torch.tensor([0, 2, 1, 0][:count])
    return torch.randn(count, 3, SIZE, SIZE, generator=generator), targets


def model_for(method):
    return make_checkpoint(
        "test_vit" if method == "attention_rollout" else "test_resnet"
    ).build_model()


class UpperLeft(nn.Module):
    """The gray image, 0 outside its upper left quarter, as a feature map."""

    def __init__(self):
        super().__init__()
        self.gray = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.ones_(self.gray.weight)
        self.window = nn.ReLU()

    def forward_features(self, images):
        quarter = torch.zeros(1, 1, SIZE, SIZE)
        quarter[..., : SIZE // 2, : SIZE // 2] = 1
        return self.window(self.gray(images) * quarter)


class Quadrant(nn.Module):
    """The logit of class 1 is the texture of the upper left quarter and nothing else."""

    def __init__(self):
        super().__init__()
        self.backbone = UpperLeft()

    def forward(self, images):
        energy = 8 * self.backbone.forward_features(images).square().mean(dim=(1, 2, 3))
        return torch.stack([-energy, energy], dim=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", ["test_resnet", "test_convnext", "test_efficientnet", "test_vit"]
)
@pytest.mark.parametrize("method", METHODS)
def test_maps_have_the_size_of_the_images_and_values_within_one(method, family, options):
    model = make_checkpoint(family).build_model()
    images, targets = images_and_targets()
    if method == "attention_rollout" and family != "test_vit":
        with pytest.raises(NotApplicableError):
            ALL[method](model, images, targets, options)
        return
    maps = ALL[method](model, images, targets, options).maps
    assert maps.shape == (2, SIZE, SIZE)
    assert maps.dtype == np.float32
    assert set(np.abs(maps).max(axis=(1, 2)).tolist()) <= {0.0, 1.0}


@pytest.mark.parametrize("method", METHODS)
def test_the_model_is_not_modified(method, options):
    model = model_for(method)
    before = copy.deepcopy(model.state_dict())
    images, targets = images_and_targets()
    logits = model(images)
    ALL[method](model, images, targets, options)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not images.requires_grad
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(model(images), logits)


@pytest.mark.parametrize("method", METHODS)
def test_a_map_does_not_depend_on_the_other_images_or_on_global_seeds(method, options):
    model = model_for(method)
    images, targets = images_and_targets()
    together = ALL[method](model, images, targets, options)
    np.random.seed(9)
    torch.manual_seed(9)
    alone = ALL[method](model, images[1:], targets[1:], options)
    np.testing.assert_allclose(alone.maps[0], together.maps[1], atol=1e-4)
    for name, values in together.details.items():
        np.testing.assert_allclose(alone.details[name], values[1:], atol=1e-3)


@pytest.mark.parametrize("method", WITH_CLASS)
def test_maps_depend_on_the_target_class(method, options):
    model = make_checkpoint("test_efficientnet").build_model()
    images, _ = images_and_targets()
    first, second = (
        ALL[method](model, images, torch.tensor([index, index]), options).maps for index in (0, 1)
    )
    assert np.abs(first - second).max() > 0.01


@pytest.mark.parametrize("method", WITH_CLASS)
def test_a_class_that_does_not_exist_is_an_error(method, checkpoint, options):
    images, _ = images_and_targets(1)
    with pytest.raises(IndexError):
        ALL[method](checkpoint.build_model(), images, torch.tensor([99]), options)


@pytest.mark.parametrize("method", WITH_CLASS)
def test_the_only_relevant_region_is_found(method):
    images = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3)) / 2
    options = ExplainerOptions(
        background=torch.zeros(1, 3, SIZE, SIZE), shap_samples=8, lime_samples=200
    )
    maps = ALL[method](Quadrant(), images, torch.tensor([1, 1]), options).maps
    relevant = np.zeros(maps.shape, dtype=bool)
    relevant[:, : SIZE // 2, : SIZE // 2] = True
    scores = score_evidence(maps, relevant)
    # LIME's superpixels cross the border, and the others get some weight by chance.
    floors = {"lime_superpixels": 0.6, "integrated_gradients": 0.95, "shap_values": 0.95}
    assert (scores.mass > floors.get(method, 0.99)).all(), scores.mass
    assert (scores.area == 0.25).all()


def test_scaling_keeps_signs_and_blanks_non_finite_maps():
    maps = np.array([[[2.0, -4.0]], [[0.0, 0.0]], [[np.nan, 1.0]], [[np.inf, 1.0]]])
    expected = [[[0.5, -1.0]], [[0.0, 0.0]], [[0.0, 0.0]], [[0.0, 0.0]]]
    np.testing.assert_array_equal(scale_maps(maps), expected)
