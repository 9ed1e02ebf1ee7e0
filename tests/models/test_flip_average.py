"""The average over an image and its mirror image is that of two separate predictions."""

import pytest
import torch

from emotion.models.flip_average import average_flips
from tests.conftest import make_checkpoint


@pytest.fixture
def model():
    return make_checkpoint().build_model()


@torch.no_grad()
def test_logits_are_the_mean_of_both_views(model):
    images = torch.randn(5, 3, 48, 48)
    expected = (model(images) + model(images.flip(3))) / 2
    torch.testing.assert_close(average_flips(model, flip=True)(images), expected)


@torch.no_grad()
def test_an_image_and_its_mirror_image_have_the_same_logits(model):
    images = torch.randn(5, 3, 48, 48)
    averaged = average_flips(model, flip=True)
    torch.testing.assert_close(averaged(images), averaged(images.flip(3)))
    assert not torch.allclose(model(images), model(images.flip(3)))


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_kept_and_without_flip_the_model_itself_is_returned(model, training):
    model.train(training)
    assert average_flips(model, flip=True).training == training
    assert average_flips(model, flip=False) is model
