"""Grad-CAM against CAM, to which it reduces for a network with average pooling."""

import cv2
import numpy as np
import torch
from torch import nn

from emotion.explainers.attribution import Sampling
from emotion.explainers.grad_cam import explain_grad_cam, explain_grad_cam_plus_plus

UNUSED = Sampling(background=torch.empty(0))


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


def test_grad_cam_is_the_class_activation_map_if_the_head_is_linear():
    model = PooledNet()
    images, targets = torch.randn(3, 3, 32, 32), torch.tensor([2, 0, 1])
    with torch.no_grad():
        features = model.backbone.forward_features(images)
        weighted = torch.einsum("nc,nchw->nhw", model.head.weight[targets], features).relu().numpy()
    result = explain_grad_cam(model, images, targets, UNUSED)
    assert result.layer == "conv"
    for cam, actual in zip(weighted, result.maps, strict=True):
        expected = cv2.resize(cam - cam.min(), (32, 32))
        np.testing.assert_allclose(actual, expected / expected.max(), atol=1e-5)


def test_a_class_with_only_negative_evidence_has_a_blank_map():
    model = PooledNet()
    with torch.no_grad():
        model.backbone.conv.bias.fill_(50)  # every feature is positive
        model.head.weight[1] = -1
    for explain in (explain_grad_cam, explain_grad_cam_plus_plus):
        result = explain(model, torch.randn(1, 3, 32, 32), torch.tensor([1]), UNUSED)
        assert not result.maps.any()


def test_a_frozen_backbone_gives_the_same_map():
    model = PooledNet()
    expected = explain_grad_cam(model, torch.ones(1, 3, 32, 32), torch.tensor([0]), UNUSED).maps
    model.backbone.requires_grad_(False)
    actual = explain_grad_cam(model, torch.ones(1, 3, 32, 32), torch.tensor([0]), UNUSED).maps
    np.testing.assert_array_equal(actual, expected)


def test_maps_of_several_batches_are_in_the_order_of_the_images():
    model, images = PooledNet(), torch.randn(11, 3, 32, 32)
    targets = torch.arange(11) % 3
    together = explain_grad_cam(model, images, targets, UNUSED).maps
    last = explain_grad_cam(model, images[10:], targets[10:], UNUSED).maps
    np.testing.assert_allclose(together[10:], last, atol=1e-5)
