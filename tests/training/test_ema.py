"""The moving average equals timm's, also while the backbone is frozen."""

import torch
from timm.utils import ModelEmaV3

from emotion.training.ema import MovingAverage
from tests.conftest import make_checkpoint


def test_the_average_covers_the_whole_network_frozen_or_not():
    model = make_checkpoint().build_model()
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
