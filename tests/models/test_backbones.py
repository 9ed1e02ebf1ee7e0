"""Names resolve to tags, typos get suggestions, and every family gives pooled features."""

import pytest
import torch

from emotion.core.errors import UserError
from emotion.models.backbones import build_backbone, feature_count, resolve_timm_name
from emotion.models.classifier import HEADS, EmotionClassifier

FAMILIES = (
    "test_resnet",
    "test_convnext",
    "test_efficientnet",
    "test_vit",
    "mobilenetv3_small_050",
)


@pytest.mark.parametrize(
    ("name", "tag", "mean"),
    [
        ("resnet50", "resnet50.a1_in1k", 0.485),
        ("convnext_base", "convnext_base.fb_in22k_ft_in1k", 0.485),
        ("tf_efficientnet_b3_ns", "tf_efficientnet_b3.ns_jft_in1k", 0.485),
        ("vit_base_patch16_224", "vit_base_patch16_224.augreg2_in21k_ft_in1k", 0.5),
        ("resnet18.a2_in1k", "resnet18.a2_in1k", 0.485),
    ],
)
def test_a_name_without_tag_resolves_to_its_tag_and_normalization(name, tag, mean):
    info = resolve_timm_name(name)
    assert info.tag == tag
    assert info.mean[0] == mean


def test_a_misspelled_model_is_rejected_with_a_suggestion():
    with pytest.raises(UserError, match=r"'resnet5O'.*did you mean.*resnet50"):
        resolve_timm_name("resnet5O")


def test_an_unknown_tag_is_rejected():
    with pytest.raises(UserError, match=r"resnet18\.nonsense"):
        resolve_timm_name("resnet18.nonsense")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("head", HEADS)
def test_every_family_gives_logits_at_another_input_size(family, head):
    backbone = build_backbone(resolve_timm_name(family), img_size=64)
    model = EmotionClassifier(backbone, head, classes=6).eval()
    assert model(torch.randn(2, 3, 64, 64)).shape == (2, 6)
    assert backbone(torch.randn(2, 3, 64, 64)).shape == (2, feature_count(backbone))


def test_the_deep_head_has_the_recipes_five_layers():
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_resnet")), "deep", 6)
    layers = [type(layer).__name__ for layer in model.head]
    assert layers == ["Linear", "ReLU", "LayerNorm", "Dropout", "Linear"]


def test_a_frozen_backbone_has_no_gradients_statistics_updates_or_drop_path():
    backbone = build_backbone(resolve_timm_name("test_efficientnet"))
    model = EmotionClassifier(backbone, "deep", classes=3)
    model.freeze_backbone(True)
    model.train()
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    model(torch.randn(4, 3, 64, 64)).sum().backward()
    assert all(p.grad is None for p in backbone.parameters())
    assert all(p.grad is not None for p in model.head.parameters())
    assert not any(module.training for module in backbone.modules())
    assert model.head.training
    for name, tensor in backbone.state_dict().items():
        assert torch.equal(tensor, before[name]), name


@pytest.mark.parametrize(
    ("family", "first", "later"),
    [
        ("test_resnet", "conv1.0.weight", "layer3.0.conv1.weight"),
        ("test_vit", "cls_token", "blocks.3.attn.qkv.weight"),
        ("test_efficientnet", "conv_stem.weight", "blocks.3.0.conv_pw.weight"),
        ("test_convnext", "stem.0.weight", "stages.2.blocks.0.mlp.fc1.weight"),
    ],
)
def test_frozen_stages_never_change_and_later_ones_do(family, first, later):
    model = EmotionClassifier(build_backbone(resolve_timm_name(family), 64), "linear", 3)
    model.freeze_stages(2)
    model.freeze_backbone(True)
    model.freeze_backbone(False)  # unfreezing the backbone leaves its frozen stages
    model.train()
    before = {name: tensor.clone() for name, tensor in model.backbone.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.randn(4, 3, 64, 64)).sum().backward()
    optimizer.step()
    after = model.backbone.state_dict()
    assert torch.equal(after[first], before[first])
    assert not torch.equal(after[later], before[later])
    frozen = {name for name, p in model.backbone.named_parameters() if not p.requires_grad}
    assert first in frozen
    assert later not in frozen
    for name in before:  # the statistics of a frozen stage do not move either
        if "running" in name and f"{name.rpartition('.')[0]}.weight" in frozen:
            assert torch.equal(after[name], before[name]), name


def test_freezing_all_stages_is_refused_with_their_number():
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_resnet")), "linear", 3)
    with pytest.raises(UserError, match=r"freeze_stages is 5, but ResNet has 5 stages"):
        model.freeze_stages(5)


def test_a_backbone_without_stages_trains_and_refuses_to_freeze_some():
    backbone = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten())
    backbone.num_features = 4
    model = EmotionClassifier(backbone, "linear", 3)
    model.freeze_stages(0)
    assert all(p.requires_grad for p in model.parameters())
    with pytest.raises(UserError, match=r"freeze_stages is 1, but Sequential has 0 stages"):
        model.freeze_stages(1)


def test_unfreezing_restores_gradients_and_training_mode():
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_resnet")), "linear", 3)
    model.freeze_backbone(True)
    model.train()
    model.freeze_backbone(False)
    assert model.backbone.training
    model(torch.randn(4, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None for p in model.backbone.parameters())
