"""The losses and their common weighting, against values computed by hand and torch."""

import math
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from emotion.training.losses import LOSSES
from emotion.training.losses.cross_entropy import cross_entropy
from emotion.training.losses.distillation import distillation
from emotion.training.losses.focal import focal
from emotion.training.losses.ldam import ldam
from emotion.training.losses.logit_adjusted import logit_adjusted
from emotion.training.losses.weighting import smooth_targets, weighted_mean


def mean(name, logits, targets, weights, counts=None):
    """A loss, weighted as in training."""
    losses = LOSSES[name](logits, torch.ones(logits.shape[1]) if counts is None else counts)
    return weighted_mean(losses, targets, weights)


COUNTS = torch.tensor([10.0, 20.0, 70.0])


@pytest.fixture
def logits():
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(0)) * 2


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 2, 2, 0])


def test_weighted_mixed_targets_give_the_value_computed_by_hand():
    # Two images, two classes, p = (0.5, 0.5) and (0.8, 0.2); weights (1, 3).
    logits = torch.tensor([[0.0, 0.0], [math.log(4.0), 0.0]])
    targets = torch.tensor([[0.75, 0.25], [0.0, 1.0]])
    weights = torch.tensor([1.0, 3.0])
    numerator = 0.75 * 1 * -math.log(0.5) + 0.25 * 3 * -math.log(0.5) + 1.0 * 3 * -math.log(0.2)
    denominator = 0.75 * 1 + 0.25 * 3 + 1.0 * 3
    loss = mean("cross_entropy", logits, targets, weights)
    assert loss.item() == pytest.approx(numerator / denominator, rel=1e-6)


@pytest.mark.parametrize(
    "loss",
    [
        cross_entropy,
        partial(focal, gamma=0.0),
        partial(ldam, max_margin=0.0),
        partial(logit_adjusted, tau=0.0),
    ],
    ids=["cross_entropy", "focal", "ldam", "logit_adjusted"],
)
def test_cross_entropy_and_what_reduces_to_it_equal_torch_with_weights(loss, logits, labels):
    weights = torch.tensor([0.5, 1.0, 2.0])
    ours = weighted_mean(loss(logits, COUNTS), F.one_hot(labels, 3).float(), weights)
    torch.testing.assert_close(ours, F.cross_entropy(logits, labels, weight=weights))


def test_label_smoothing_without_weights_equals_torch(logits, labels):
    targets = smooth_targets(F.one_hot(labels, 3).float(), 0.1)
    ours = mean("cross_entropy", logits, targets, torch.ones(3))
    torch.testing.assert_close(ours, F.cross_entropy(logits, labels, label_smoothing=0.1))


def test_focal_loss_down_weights_by_the_squared_error_probability():
    logits = torch.tensor([[math.log(9.0), 0.0]])  # p = 0.9
    loss = mean("focal", logits, torch.tensor([[1.0, 0.0]]), torch.ones(2))
    assert loss.item() == pytest.approx(-(0.1**2) * math.log(0.9), rel=1e-5)


def test_ldam_lowers_the_target_logit_by_a_larger_margin_for_rare_classes(logits, labels):
    margins = COUNTS**-0.25 * 0.5 / 10.0**-0.25  # the rarest class, 10 images, gets 0.5
    one_hot = F.one_hot(labels, 3).float()
    weights = torch.tensor([0.5, 1.0, 2.0])
    reference = F.cross_entropy(logits - one_hot * margins, labels, weight=weights)
    torch.testing.assert_close(mean("ldam", logits, one_hot, weights, COUNTS), reference)


def test_logit_adjusted_loss_is_least_for_the_posterior_with_the_frequencies_divided_out():
    # Targets of one image: what a network should say at tau = 1 is their ratio to the frequencies.
    target = torch.tensor([[0.5, 0.3, 0.2]])
    balanced = (target / (COUNTS / COUNTS.sum())).log().requires_grad_()
    weighted_mean(logit_adjusted(balanced, COUNTS, tau=1.0), target, torch.ones(3)).backward()
    torch.testing.assert_close(balanced.grad, torch.zeros(1, 3))


def test_a_class_without_training_images_has_a_finite_logit_adjusted_loss(logits):
    assert logit_adjusted(logits, torch.tensor([0.0, 20.0, 70.0])).isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_finite_for_extreme_logits(name):
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    loss = mean(name, logits, torch.tensor([[0.0, 1.0]] * 2), torch.ones(2))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


def test_distillation_agrees_with_the_divergence_computed_by_hand():
    # At T = 2, the teacher's probabilities are (0.8, 0.2), the student's (0.5, 0.5).
    teacher, student = torch.tensor([[2 * math.log(4.0), 0.0]]), torch.zeros(1, 2)
    by_hand = 4 * (0.8 * math.log(0.8 / 0.5) + 0.2 * math.log(0.2 / 0.5))
    assert distillation(student, teacher, 2.0).item() == pytest.approx(by_hand, rel=1e-5)
    assert distillation(teacher, teacher, 2.0).item() == pytest.approx(0, abs=1e-6)
