"""The Grad-CAM family against CAM, to which it reduces for a network with average pooling."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from emotion.explanation.methods.grad_cam import (
    explain_grad_cam,
    explain_grad_cam_plus_plus,
    explain_hires_cam,
    explain_layer_cam,
)
from tests.explanation.methods.conftest import DEFAULT


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 4, stride=4)

    def forward_features(self, images):
        return self.conv(images)

    def forward(self, images):
        return self.forward_features(images).mean(dim=(2, 3))


class PooledNet(nn.Module):
    """Convolution, average pooling, linear: here Grad-CAM equals CAM (Zhou et al., 2016)."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = Backbone()
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        return self.head(self.backbone(images))


@pytest.mark.parametrize("explain", [explain_grad_cam, explain_hires_cam])
def test_it_is_the_class_activation_map_if_the_head_is_linear(explain):
    model = PooledNet()
    images, targets = torch.randn(3, 3, 32, 32), torch.tensor([2, 0, 1])
    with torch.no_grad():
        features = model.backbone.forward_features(images)
        weighted = torch.einsum("nc,nchw->nhw", model.head.weight[targets], features).relu().numpy()
    result = explain(model, images, targets, DEFAULT)
    assert result.note == "at conv (8 cells per side)"
    for cam, actual in zip(weighted, result.maps, strict=True):
        expected = cv2.resize(cam - cam.min(), (32, 32))
        np.testing.assert_allclose(actual, expected / expected.max(), atol=1e-5)


class PositionNet(PooledNet):
    """A channel counts for class 0 in the left half, and against it in the right half."""

    def forward(self, images):
        features = self.backbone.forward_features(images).abs()
        sign = torch.ones(8)
        sign[4:] = -1
        logit = (features * sign).mean(dim=(1, 2, 3))
        return torch.stack([logit, -logit], dim=1)


def test_only_cell_by_cell_methods_locate_where_a_channel_counts():
    # Draelos and Carin, 2020: the averaged gradient is 0 here, although the left half decides.
    images = torch.randn(2, 3, 32, 32).abs() + 1
    model = PositionNet()
    with torch.no_grad():
        model.backbone.conv.weight.fill_(0.02)  # equal features everywhere, all positive
        model.backbone.conv.bias.fill_(1.0)
    targets = torch.tensor([0, 0])
    for explain in (explain_hires_cam, explain_layer_cam):
        maps = explain(model, images, targets, DEFAULT).maps
        assert maps[..., :14].min() > 0.1
        assert maps[..., 18:].max() < 0.05
    averaged = explain_grad_cam(model, images, targets, DEFAULT).maps
    left, right = (averaged[..., half].mean() for half in (slice(14), slice(18, None)))
    assert abs(left - right) < 0.2


def test_a_class_with_only_negative_contributions_has_a_blank_map():
    model = PooledNet()
    with torch.no_grad():
        model.backbone.conv.bias.fill_(50)  # every feature is positive
        model.head.weight[1] = -1
    for explain in (explain_grad_cam, explain_grad_cam_plus_plus, explain_hires_cam):
        result = explain(model, torch.randn(1, 3, 32, 32), torch.tensor([1]), DEFAULT)
        assert not result.maps.any()


def test_a_frozen_backbone_gives_the_same_map():
    model = PooledNet()
    expected = explain_grad_cam(model, torch.ones(1, 3, 32, 32), torch.tensor([0]), DEFAULT).maps
    model.backbone.requires_grad_(False)
    actual = explain_grad_cam(model, torch.ones(1, 3, 32, 32), torch.tensor([0]), DEFAULT).maps
    np.testing.assert_array_equal(actual, expected)


def test_maps_of_several_batches_are_in_the_order_of_the_images():
    model, images = PooledNet(), torch.randn(19, 3, 32, 32)
    targets = torch.arange(19) % 3
    together = explain_grad_cam(model, images, targets, DEFAULT).maps
    last = explain_grad_cam(model, images[18:], targets[18:], DEFAULT).maps
    np.testing.assert_allclose(together[18:], last, atol=1e-5)
