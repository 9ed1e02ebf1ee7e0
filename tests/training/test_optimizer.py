"""Two learning rates, decay of matrices only, momentum that survives unfreezing, and the EMA."""

import pytest
import torch
from timm.utils import ModelEmaV3

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.training.optimizer import MovingAverage, build_optimizer, set_learning_rates


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


def test_each_part_gets_a_fraction_of_its_own_learning_rate(model):
    optimizer = build_optimizer(model, 1e-4, 1e-3, weight_decay=0.0)
    expected = {"backbone": 5e-5, "head": 1e-4}
    assert set_learning_rates(optimizer, 0.5, 0.1) == pytest.approx(expected)
    for group in optimizer.param_groups:
        assert group["lr"] == pytest.approx(expected[group["part"]])


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


def test_the_moving_average_equals_timms_also_while_the_backbone_is_frozen(model):
    ours, theirs = MovingAverage(model, 0.9), ModelEmaV3(model, 0.9, use_warmup=True)
    for step in range(1, 9):
        model.freeze_backbone(step <= 4)
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point() and (step > 4 or name.startswith("head")):
                tensor.add_(torch.randn(tensor.shape) * 0.1)
        ours.update(model, step)
        theirs.update(model, step=step)
    expected = theirs.module.state_dict()
    assert ours.module.state_dict().keys() == expected.keys()
    for name, tensor in ours.module.state_dict().items():
        torch.testing.assert_close(tensor, expected[name])
    assert not ours.module.training
