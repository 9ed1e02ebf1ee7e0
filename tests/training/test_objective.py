"""Micro-batch losses, deferred class weights and distillation match their definitions."""

import dataclasses

import numpy as np
import torch
from torch import nn

from emotion.training.losses.distillation import distillation
from emotion.training.objective import Objective
from tests.conftest import make_checkpoint, preprocessing_of
from tests.training.conftest import QUICK

WEIGHTS = torch.tensor([0.5, 2.0])


def objective(teacher=None, **changes):
    params = dataclasses.replace(QUICK, label_smoothing=0.0, **changes)
    return Objective(params, WEIGHTS, torch.ones(2), teacher, preprocessing_of(8))


def test_class_weights_apply_after_a_share_of_the_epochs():
    late = objective(epochs=10, reweight_from=0.8)
    assert late.weights_in(8).tolist() == [1, 1]
    assert late.weights_in(9).tolist() == [0.5, 2.0]
    assert objective(epochs=10).weights_in(1).tolist() == [0.5, 2.0]


def test_the_losses_of_micro_batches_sum_to_the_loss_of_the_batch():
    logits, targets = torch.randn(6, 2), torch.eye(2)[[0, 1, 1, 0, 1, 0]]
    views = torch.zeros(6, 3, 8, 8)
    loss_of = objective(loss="focal").for_batch(targets, 1)
    parts = [loss_of(logits[s], targets[s], views[s]) for s in (slice(0, 1), slice(1, 6))]
    torch.testing.assert_close(sum(parts), loss_of(logits, targets, views))
    weights = WEIGHTS[targets.argmax(dim=1)]
    plain = objective().for_batch(targets, 1)(logits, targets, views)
    cross_entropy = -logits.log_softmax(dim=1)[targets.bool()]
    torch.testing.assert_close(plain, (weights * cross_entropy).sum() / weights.sum())


def test_the_teacher_gets_the_same_view_at_its_own_size_and_normalization():
    seen = []

    class Teacher(nn.Module):
        def forward(self, images):
            seen.append(images)
            return torch.tensor([[3.0, -1.0]]).expand(len(images), 2)

    quarter = (0.25, 0.25, 0.25)
    theirs = preprocessing_of(4, mean=quarter, std=quarter)
    taught = objective((Teacher(), theirs), teacher_weight=0.3, teacher_temperature=2.0)
    alone = objective()
    logits, targets = torch.randn(3, 2), torch.eye(2)[[0, 1, 0]]
    views = torch.zeros(3, 3, 8, 8)  # mid-gray, 0.5 of 0..1
    loss = taught.for_batch(targets, 1)(logits, targets, views)
    expected = 0.7 * alone.for_batch(targets, 1)(logits, targets, views)
    expected += 0.3 * distillation(logits, torch.tensor([[3.0, -1.0]] * 3), 2.0).mean()
    torch.testing.assert_close(loss, expected)
    assert seen[0].shape == (3, 3, 4, 4)
    torch.testing.assert_close(seen[0], torch.ones(3, 3, 4, 4))  # (0.5 - 0.25) / 0.25


def test_a_student_learns_from_a_checkpoint(train, weights_folder):
    plain = train(epochs=1)
    make_checkpoint(img_size=40, class_names=("happy", "sad")).save(weights_folder / "teacher.pth")
    taught = train(epochs=1)
    assert np.isfinite(taught.history["train_loss"]).all()
    assert not torch.equal(plain.state_dict["head.4.bias"], taught.state_dict["head.4.bias"])
