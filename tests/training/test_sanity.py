"""Each check passes on a sound set-up and fails on the mistake it is for."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from emotion.core.errors import UserError
from emotion.data.cache import CachedImages
from emotion.training import sanity
from emotion.training.loading import LabeledImages
from tests.training.conftest import QUICK

LABEL_MAP = {"happy": 0, "sad": 1}
EVEN = {"happy": 1.0, "sad": 1.0}


def test_a_sound_set_up_passes_with_its_figures(striped_rows, weights_folder):
    figures = sanity.check_training(striped_rows, LABEL_MAP, EVEN, weights_folder, QUICK)
    assert figures["logits_shape"] == [24, 2]
    assert figures["class_counts"] == {"happy": 12, "sad": 12}
    assert figures["overfit_accuracy"] >= 0.95
    assert figures["gradient_norm"]["backbone"] > 0


def test_weights_that_favor_the_commoner_class_fail():
    with pytest.raises(UserError, match="rarer class must not weigh less"):
        sanity.check_weights({"happy": 90, "sad": 10}, {"happy": 1.5, "sad": 0.5})


def test_weights_for_other_classes_fail():
    with pytest.raises(UserError, match="do not fit the training rows"):
        sanity.check_weights({"happy": 90, "angry": 10}, {"happy": 0.5, "sad": 1.5})


def test_a_network_that_is_cut_off_fails():
    model = torch.nn.Module()
    model.backbone, model.head = torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)
    model.forward = lambda x: (
        model.head(model.backbone(x.mean(dim=(2, 3))).detach() * 1)
        + 0 * (model.backbone.weight.sum() + model.backbone.bias.sum())
    )
    with pytest.raises(UserError, match="gets no gradient"):
        sanity.check_gradients(model, sample(), SPEC)


def test_labels_that_cannot_be_learned_fail():
    """Twelve identical images under two labels."""
    contradiction = LabeledImages(
        images=CachedImages(torch.full((12, 3, 36, 36), 99, dtype=torch.uint8)),
        **labels(np.arange(12) % 2),
    )
    with pytest.raises(UserError, match="does not learn 12 training images by heart"):
        sanity.check_overfit(small_model(), contradiction, SPEC)


def test_the_sample_is_even_over_the_classes_and_independent_of_row_order(striped_rows):
    picked = sanity.pick_rows(striped_rows, 8)
    again = sanity.pick_rows(striped_rows.sample(frac=1, random_state=1), 8)
    assert picked["label"].value_counts().to_dict() == {"happy": 4, "sad": 4}
    assert list(picked["path"]) == list(again["path"])


SPEC = SimpleNamespace(img_size=32, mean=[0.5] * 3, std=[0.5] * 3)


def labels(classes):
    return {"labels": classes, "targets": torch.eye(2)[torch.from_numpy(classes)]}


def sample():
    images = torch.randint(0, 256, (4, 3, 36, 36), dtype=torch.uint8)
    return LabeledImages(images=CachedImages(images), **labels(np.array([0, 1, 0, 1])))


def small_model():
    from emotion.models.backbones import build_backbone, resolve_backbone
    from emotion.models.classifier import EmotionClassifier

    return EmotionClassifier(build_backbone(resolve_backbone("test_resnet")), "deep", 2)
