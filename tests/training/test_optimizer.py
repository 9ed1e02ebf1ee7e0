"""Two learning rates, decay of matrices only, and momentum that survives unfreezing."""

import pytest
import torch

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.training.optimizer import build_optimizer, set_learning_rates


@pytest.fixture
def model():
    return EmotionClassifier(build_backbone(resolve_timm_name("test_resnet")), "deep", 3)


def test_only_matrices_are_decayed_and_every_parameter_is_in_one_group(model):
    optimizer = build_optimizer(model, 1e-4, 1e-3, weight_decay=0.1)
    seen = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in seen} == {id(p) for p in model.parameters()}
    assert len(seen) == len(list(model.parameters()))
    for group in optimizer.param_groups:
        assert all((p.ndim > 1) == (group["weight_decay"] > 0) for p in group["params"])


def test_each_part_gets_its_share_of_its_own_learning_rate(model):
    optimizer = build_optimizer(model, 1e-4, 1e-3, weight_decay=0.0)
    assert set_learning_rates(optimizer, 0.5, 0.1) == pytest.approx(
        {"backbone": 5e-5, "head": 1e-4}
    )


def test_the_momentum_of_the_head_survives_unfreezing_the_backbone(model):
    optimizer = build_optimizer(model, 1e-4, 1e-3, weight_decay=0.0)
    model.freeze_backbone(True)
    model.train()(torch.randn(4, 3, 32, 32)).sum().backward()
    optimizer.step()
    momentum = optimizer.state[model.head[0].weight]["exp_avg"].clone()
    assert not any(p in optimizer.state for p in model.backbone.parameters())
    model.freeze_backbone(False)
    assert torch.equal(optimizer.state[model.head[0].weight]["exp_avg"], momentum)
    optimizer.zero_grad()
    model(torch.randn(4, 3, 32, 32)).sum().backward()
    optimizer.step()
    assert optimizer.state[model.head[0].weight]["step"] == 2
    assert optimizer.state[model.backbone.conv1[0].weight]["step"] == 1
