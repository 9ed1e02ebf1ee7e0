"""A checkpoint alone is enough to rebuild network, preprocessing and class names."""

import dataclasses

import pytest
import torch

from emotion.core.errors import UserError
from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.checkpoint import load_checkpoint
from emotion.models.classifier import EmotionClassifier
from tests.conftest import make_checkpoint


@pytest.fixture
def checkpoint():
    return make_checkpoint("test_vit", img_size=64)


def test_the_rebuilt_network_gives_the_same_logits(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "best_model.pth")
    loaded = load_checkpoint(tmp_path / "best_model.pth")
    torch.manual_seed(0)  # the seed of make_checkpoint
    model = EmotionClassifier(build_backbone(resolve_backbone("test_vit"), 64), "deep", 3).eval()
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(loaded.build_model()(images), model(images))
    for field in dataclasses.fields(checkpoint):
        if field.name != "state_dict":
            assert getattr(loaded, field.name) == getattr(checkpoint, field.name)


def test_weights_that_do_not_fit_are_one_sentence(checkpoint):
    state = {name: tensor[..., :1] for name, tensor in checkpoint.state_dict.items() if tensor.ndim}
    with pytest.raises(UserError, match=r"weights do not fit test_vit") as caught:
        dataclasses.replace(checkpoint, state_dict=state).build_model()
    assert "\n" not in str(caught.value)


def test_saving_twice_gives_the_same_bytes(checkpoint, tmp_path):
    for folder in ("a", "b"):
        checkpoint.save(tmp_path / folder / "best_model.pth")
    a, b = (tmp_path / folder / "best_model.pth" for folder in "ab")
    assert a.read_bytes() == b.read_bytes()


def test_another_file_is_rejected_in_one_sentence(tmp_path):
    (tmp_path / "x.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match=r"x\.pth is not a checkpoint of this pipeline"):
        load_checkpoint(tmp_path / "x.pth")


def test_a_missing_checkpoint_is_reported_with_the_stage_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="dvc repro train"):
        load_checkpoint(tmp_path / "none.pth")
