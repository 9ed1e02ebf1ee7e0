"""A checkpoint is enough: network, preprocessing and class names come back from the file alone."""

import dataclasses

import pytest
import torch

from emotion.core.errors import UserError
from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from emotion.models.classifier import EmotionClassifier


@pytest.fixture
def model():
    torch.manual_seed(0)
    return EmotionClassifier(build_backbone(resolve_backbone("test_vit"), 64), "deep", 3).eval()


@pytest.fixture
def checkpoint(model):
    return Checkpoint(
        model_type="test_vit",
        tag="test_vit.r160_in1k",
        head="deep",
        class_names=["angry", "happy", "sad"],
        img_size=64,
        mean=[0.5] * 3,
        std=[0.5] * 3,
        interpolation="bicubic",
        weights="random",
        weights_source="pretrained: none",
        epoch=3,
        monitor="macro_f1",
        best_value=0.5,
        val_macro_f1=0.5,
        val_accuracy=0.6,
        params={"epochs": 3},
        history={"train_loss": [1.0, 0.9, 0.8]},
        versions={"torch": "2"},
        state_dict=model.state_dict(),
    )


def test_the_rebuilt_network_gives_the_same_logits(checkpoint, model, tmp_path):
    checkpoint.save(tmp_path / "best_model.pth")
    loaded = load_checkpoint(tmp_path / "best_model.pth")
    pictures = torch.randn(2, 3, 64, 64)
    assert torch.equal(loaded.build_model()(pictures), model(pictures))
    for field in dataclasses.fields(checkpoint):
        if field.name != "state_dict":
            assert getattr(loaded, field.name) == getattr(checkpoint, field.name)


def test_saving_twice_gives_the_same_bytes(checkpoint, tmp_path):
    for folder in ("a", "b"):
        checkpoint.save(tmp_path / folder / "best_model.pth")
    a, b = (tmp_path / folder / "best_model.pth" for folder in "ab")
    assert a.read_bytes() == b.read_bytes()


def test_a_foreign_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "x.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match=r"x\.pth is not a checkpoint of this pipeline"):
        load_checkpoint(tmp_path / "x.pth")


def test_a_missing_checkpoint_names_the_stage_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="dvc repro train"):
        load_checkpoint(tmp_path / "none.pth")
