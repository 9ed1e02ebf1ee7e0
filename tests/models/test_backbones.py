"""Names resolve to tags, misspelled ones to hints, and every family gives pooled features."""

import dataclasses

import pytest
import torch

from emotion.models.backbones import build_backbone, feature_count, resolve_timm_name
from emotion.models.classifier import HEADS, EmotionClassifier, name_stages
from tests.user_errors import user_error

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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet5O", "resnet50"),
        ("x" * 30, "emotion backbones"),
        ("resnet18.nonsense", "emotion backbones 'resnet18*'"),
    ],
)
def test_an_unknown_model_or_tag_is_rejected_with_a_hint(name, hint):
    with user_error(name, key="model_type", hint=hint):
        resolve_timm_name(name)


def test_a_network_that_timm_cannot_build_is_named_with_the_setting():
    info = resolve_timm_name("xcit_nano_12_p16_224")
    with user_error(50, "xcit_nano_12_p16_224", key="train.img_size"):
        build_backbone(info, img_size=50)
    with user_error("'removed'", key="model_type", hint="dvc repro pretrained_weights"):
        build_backbone(dataclasses.replace(info, architecture="removed"))


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


def test_a_frozen_backbone_has_no_gradients_updates_or_drop_path_until_unfrozen():
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
    model.freeze_backbone(False)
    assert backbone.training
    model(torch.randn(4, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())


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


@pytest.fixture
def without_stages():
    backbone = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten())
    backbone.num_features = 4
    return EmotionClassifier(backbone, "linear", 3)


def test_freezing_all_stages_is_rejected_with_their_number(without_stages):
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_resnet")), "linear", 3)
    with user_error(5, "ResNet", key="train.freeze_stages", hint="4"):
        model.freeze_stages(5)
    with user_error(1, "Sequential", key="train.freeze_stages", hint="0"):
        without_stages.freeze_stages(1)


def test_a_backbone_without_stages_is_one_stage_and_trains(without_stages):
    without_stages.freeze_stages(0)
    assert all(p.requires_grad for p in without_stages.parameters())
    stages = name_stages(without_stages)
    assert stages["stage 0"] == ["backbone.0.weight", "backbone.0.bias"]


@pytest.mark.parametrize("family", ["test_resnet", "test_vit"])
def test_stages_are_named_from_the_head_down_to_the_stem(family):
    model = EmotionClassifier(build_backbone(resolve_timm_name(family)), "linear", 3)
    stages = name_stages(model)
    assert list(stages) == ["head", *(f"stage {n}" for n in reversed(range(len(stages) - 1)))]
    assert stages["head"] == ["head.weight", "head.bias"]
    names = [name for stage in stages.values() for name in stage]
    assert sorted(names) == sorted(name for name, _ in model.named_parameters())
