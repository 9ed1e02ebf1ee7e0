"""One rule finds the layer that the literature uses for each family."""

import pytest
import torch
from torch import nn

from emotion.explainers.attribution import NotApplicableError
from emotion.explainers.target_layers import find_target_layer
from emotion.models.backbones import build_backbone, resolve_timm_name

IMAGE = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def backbone_of(name):
    return build_backbone(resolve_timm_name(name), 64).eval()


def output_of(module, backbone):
    seen = []
    handle = module.register_forward_hook(lambda *call: seen.append(call[2]))
    backbone(IMAGE)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize(
    ("name", "module", "literature"),
    [
        ("test_resnet", "layer4", lambda b: b.layer4[-1]),
        ("test_convnext", "stages", lambda b: b.stages[-1]),
        ("test_efficientnet", "bn2", lambda b: b.bn2),
    ],
)
def test_the_layer_of_a_convolutional_network_is_its_last_stage(name, module, literature):
    backbone = backbone_of(name)
    layer = find_target_layer(backbone, IMAGE)
    features = layer.to_map(output_of(layer.module, backbone))
    assert torch.equal(features, output_of(literature(backbone), backbone))
    assert torch.equal(features, backbone.forward_features(IMAGE))
    assert layer.name == module


def test_the_layer_of_a_mobilenet_is_before_its_pooling():
    layer = find_target_layer(backbone_of("mobilenetv3_small_050"), IMAGE)
    assert layer.name == "blocks"


@pytest.mark.parametrize("name", ["test_vit", "test_vit2"])  # a class token; registers as well
def test_the_layer_of_a_transformer_is_before_its_last_attention_without_prefix_tokens(name):
    backbone = backbone_of(name)
    layer = find_target_layer(backbone, IMAGE)
    assert layer.module is backbone.blocks[-1].norm1
    height, width = backbone.patch_embed.grid_size
    prefix = backbone.num_prefix_tokens
    assert prefix > 0
    tokens = torch.arange(prefix + height * width).float()[None, :, None].expand(-1, -1, 5)
    expected = prefix + torch.arange(height * width).reshape(height, width)
    assert torch.equal(layer.to_map(tokens), expected.float().expand(1, 5, -1, -1))


def test_channels_last_features_are_permuted():
    class Swinlike(nn.Module):
        output_fmt = "NHWC"

        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(3)

        def forward_features(self, images):
            return self.norm(images.permute(0, 2, 3, 1))

    layer = find_target_layer(Swinlike(), IMAGE)
    assert layer.to_map(torch.zeros(1, 8, 6, 3)).shape == (1, 3, 8, 6)


def test_all_hooks_are_removed():
    backbone = backbone_of("test_resnet")
    find_target_layer(backbone, IMAGE)
    assert not any(module._forward_hooks for module in backbone.modules())


def test_a_backbone_without_a_feature_map_is_named():
    class TokenMixer(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 8, stride=8)

        def forward_features(self, images):
            return self.stem(images).flatten(2)

    with pytest.raises(NotApplicableError, match="no feature map in TokenMixer"):
        find_target_layer(TokenMixer(), IMAGE)
