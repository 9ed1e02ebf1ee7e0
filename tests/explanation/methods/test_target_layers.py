"""One rule chooses a layer that is fine enough, for each family and size."""

import pytest
import torch
from torch import nn

from emotion.explanation.methods.attribution import NotApplicableError
from emotion.explanation.methods.target_layers import MIN_CELLS, find_layer, find_levels
from emotion.models.backbones import build_backbone, resolve_timm_name
from tests.user_errors import user_error


def image_of(side):
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))


def backbone_of(name, side=64):
    return build_backbone(resolve_timm_name(name), side).eval()


def output_of(module, backbone, image):
    seen = []
    handle = module.register_forward_hook(lambda *call: seen.append(call[2]))
    backbone(image)
    handle.remove()
    return seen[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "at_112", "at_224"),
    [
        ("resnet50", "layer3", "layer4"),
        ("tf_efficientnet_lite0", "blocks.4", "bn2"),
        ("tf_efficientnet_b3_ns", "blocks.4", "bn2"),
        ("convnext_tiny", "stages.2", "stages.3"),
        ("vit_tiny_patch16_224", "blocks.11.norm1", "blocks.11.norm1"),
    ],
)
def test_the_layer_is_the_last_one_with_enough_cells(name, at_112, at_224):
    for side, expected in ((112, at_112), (224, at_224)):
        backbone = backbone_of(name, side)
        layer = find_layer(backbone, image_of(side))
        assert layer.name == expected
        features = layer.to_map(output_of(layer.module, backbone, image_of(side)))
        assert min(features.shape[-2:]) == layer.cells >= MIN_CELLS


def test_without_enough_cells_anywhere_it_is_the_finest_layer():
    backbone = backbone_of("test_resnet")
    layer = find_layer(backbone, image_of(8))
    assert layer.cells == max(
        output_of(module, backbone, image_of(8)).shape[-1]
        for module in (backbone.act1, backbone.layer1, backbone.layer2, backbone.layer4)
    )


def test_levels_are_the_deepest_layer_of_each_size():
    backbone = backbone_of("mobilenetv3_small_050", 112)
    levels = find_levels(backbone, image_of(112))
    assert [layer.cells for layer in levels] == [28, 14, 7]
    sizes = [output_of(layer.module, backbone, image_of(112)).shape[-1] for layer in levels]
    assert sizes == [28, 14, 7]


@pytest.mark.parametrize("name", ["test_vit", "test_vit2"])  # a class token; registers as well
def test_the_layer_of_a_transformer_is_before_its_last_attention(name):
    backbone = backbone_of(name)
    layer = find_layer(backbone, image_of(64))
    assert layer.module is backbone.blocks[-1].norm1
    height, width = backbone.patch_embed.grid_size
    prefix = backbone.num_prefix_tokens
    assert prefix > 0
    tokens = torch.arange(prefix + height * width).float()[None, :, None].expand(-1, -1, 5)
    expected = prefix + torch.arange(height * width).reshape(height, width)
    assert torch.equal(layer.to_map(tokens), expected.float().expand(1, 5, -1, -1))


def test_a_layer_can_be_named_and_an_unknown_one_lists_the_candidates():
    backbone = backbone_of("test_resnet")
    for find in (find_layer, lambda *arguments: find_levels(*arguments)[0]):
        assert find(backbone, image_of(64), "layer2").module is backbone.layer2
        with user_error("layer9", key="explain.target_layer", hint="layer1, layer2, layer3"):
            find(backbone, image_of(64), "layer9")


def test_channels_last_features_are_permuted():
    class Swinlike(nn.Module):
        output_fmt = "NHWC"

        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(3)

        def forward_features(self, images):
            return self.norm(images.permute(0, 2, 3, 1))

    layer = find_layer(Swinlike(), image_of(64))
    assert layer.to_map(torch.zeros(1, 8, 6, 3)).shape == (1, 3, 8, 6)


def test_a_backbone_without_a_feature_map_is_named():
    class TokenMixer(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 8, stride=8)

        def forward_features(self, images):
            return self.stem(images).flatten(2)

    with pytest.raises(NotApplicableError, match="TokenMixer"):
        find_layer(TokenMixer(), image_of(64))
