"""Each check passes on a correct setup and fails on the mistake that it detects."""

import pytest
import torch

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained, load_initial_model
from emotion.training import sanity
from tests.conftest import SMALL_MODEL, make_checkpoint
from tests.training.conftest import QUICK
from tests.user_errors import user_error

LABEL_MAP = {"happy": 0, "sad": 1}
EVEN = {"happy": 1.0, "sad": 1.0}


def test_a_correct_setup_passes_and_reports_its_metrics(striped_rows, weights_folder):
    report = sanity.check_training(striped_rows, LABEL_MAP, EVEN, weights_folder, QUICK)
    assert report.logits_shape == [24, 2]
    assert report.class_counts == {"happy": 12, "sad": 12}
    assert report.overfit_accuracy >= 0.95
    assert report.gradient_norm["backbone"] > 0


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        ({"happy": 90, "sad": 10}, {"happy": 1.5, "sad": 0.5}),  # the frequent class weighs more
        ({"happy": 90, "angry": 10}, {"happy": 0.5, "sad": 1.5}),
    ],
    ids=["order", "classes"],
)
def test_class_weights_that_do_not_fit_the_counts_fail(counts, weights):
    with user_error(*counts, *counts.values(), *weights.values(), hint="dvc repro class_weights"):
        sanity.check_weights(counts, weights)


def test_a_backbone_without_gradients_fails():
    model = torch.nn.Module()
    model.backbone, model.head = torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)
    model.forward = lambda x: (
        model.head(model.backbone(x.mean(dim=(2, 3))).detach() * 1)
        + 0 * (model.backbone.weight.sum() + model.backbone.bias.sum())
    )
    with user_error("backbone", "0.0", "Linear", key="model_type"):
        sanity.check_gradients(model, torch.rand(4, 3, 32, 32), torch.tensor([0, 1, 0, 1]))


def test_labels_that_cannot_be_learned_fail():
    """Twelve identical images under two labels."""
    views, labels = torch.full((12, 3, 32, 32), 0.4), torch.arange(12) % 2
    model = EmotionClassifier(build_backbone(resolve_timm_name(SMALL_MODEL)), "deep", 2)
    with user_error(12, "0.50", sanity.OVERFIT_ACCURACY, key="train.img_size"):
        sanity.check_overfit(model, views, labels)


def test_the_sample_is_balanced_and_independent_of_the_row_order(striped_rows):
    sample = sanity.sample_rows(striped_rows, 8)
    again = sanity.sample_rows(striped_rows.sample(frac=1, random_state=1), 8)
    assert sample["label"].value_counts().to_dict() == {"happy": 4, "sad": 4}
    assert list(sample["path"]) == list(again["path"])


def test_an_architecture_that_cannot_take_the_size_is_named_before_training(weights_folder):
    fetch_pretrained(
        PretrainedParams(model_type="inception_v3", pretrained="none"),
        weights_folder,
        weights_folder.parent,
    )
    model, _, _ = load_initial_model(weights_folder, 64, "linear", 2)
    with user_error("InceptionV3", 64, key="train.img_size", hint="model_type"):
        sanity.check_forward(model, torch.zeros(2, 3, 64, 64), 2)


def test_a_teacher_of_other_classes_stops_before_training(striped_rows, weights_folder):
    make_checkpoint(class_names=("sad", "happy")).save(weights_folder / "teacher.pth")
    with user_error("sad, happy", key="train.teacher", hint="happy, sad"):
        sanity.check_training(striped_rows, LABEL_MAP, EVEN, weights_folder, QUICK)
