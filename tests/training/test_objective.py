"""Parts of a batch, deferred weights and a teacher mean what they say."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from emotion.core.errors import UserError
from emotion.losses.distillation import distillation
from emotion.training.objective import Objective
from tests.conftest import make_checkpoint
from tests.training.conftest import QUICK

SPEC = SimpleNamespace(img_size=8, mean=[0.5] * 3, std=[0.5] * 3)
WEIGHTS = torch.tensor([0.5, 2.0])


def objective(teacher=None, **changes):
    params = dataclasses.replace(QUICK, label_smoothing=0.0, **changes)
    return Objective(params, WEIGHTS, torch.ones(2), teacher, SPEC)


def test_class_weights_wait_for_their_share_of_the_epochs():
    late = objective(epochs=10, reweight_from=0.8)
    assert late.weights(8).tolist() == [1, 1]
    assert late.weights(9).tolist() == [0.5, 2.0]
    assert objective(epochs=10).weights(1).tolist() == [0.5, 2.0]


def test_a_teacher_sees_the_same_view_at_its_own_size_and_normalization():
    seen = []

    class Teacher(nn.Module):
        def forward(self, images):
            seen.append(images)
            return torch.tensor([[3.0, -1.0]]).expand(len(images), 2)

    spec = SimpleNamespace(img_size=4, mean=[0.25] * 3, std=[0.25] * 3)
    taught = objective((Teacher(), spec), teacher_weight=0.3, teacher_temperature=2.0)
    alone = objective()
    logits, targets = torch.randn(3, 2), torch.eye(2)[[0, 1, 0]]
    views = torch.zeros(3, 3, 8, 8)  # mid-gray, 0.5 of 0..1
    total = taught.total(targets, 1)
    loss = taught(logits, targets, views, 1, total, 3)
    expected = 0.7 * alone(logits, targets, views, 1, total, 3)
    expected += 0.3 * distillation(logits, torch.tensor([[3.0, -1.0]] * 3), 2.0).mean()
    torch.testing.assert_close(loss, expected)
    assert seen[0].shape == (3, 3, 4, 4)
    torch.testing.assert_close(seen[0], torch.ones(3, 3, 4, 4))  # (0.5 - 0.25) / 0.25


def test_a_student_learns_from_a_checkpoint(train, tmp_path):
    make_checkpoint(img_size=40, class_names=("happy", "sad")).save(tmp_path / "teacher.pth")
    plain = train(epochs=1)
    taught = train(epochs=1, teacher=str(tmp_path / "teacher.pth"))
    assert np.isfinite(taught.history["train_loss"]).all()
    assert not torch.equal(plain.state_dict["head.4.bias"], taught.state_dict["head.4.bias"])


def test_a_teacher_of_other_classes_is_refused(train, tmp_path):
    make_checkpoint(class_names=("sad", "happy")).save(tmp_path / "teacher.pth")
    with pytest.raises(UserError, match="knows sad, happy; it must have our classes"):
        train(teacher=str(tmp_path / "teacher.pth"))
