"""Models of the Hub and of folders: resolved, pinned, loaded, or refused in one sentence."""

import json

import huggingface_hub
import pytest
import safetensors.torch
import timm
import torch

from emotion.core.errors import UserError
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.sources.pretrained import (
    PretrainedParams,
    check_pretrained,
    fetch_pretrained,
    load_initial_model,
)
from emotion.models.sources.repositories import resolve_hub_name
from tests.fake_hub import COMMIT, hub_with

NAME = "owner/tiny_vit.faces"
CONFIG = {
    "architecture": "test_vit",
    "num_classes": 512,  # identities, as of a face-recognition model
    "model_args": {"img_size": 64, "class_token": False, "global_pool": "avg"},
    "pretrained_cfg": {
        "tag": "faces",
        "mean": [0.4, 0.5, 0.6],
        "std": [0.1, 0.2, 0.3],
        "interpolation": "bilinear",
        "input_size": [3, 64, 64],
    },
}
CARD = b"---\nlicense: mit\ntags: [timm]\n---\nA model.\n"


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(3)
    network = timm.create_model("test_vit", num_classes=512, **CONFIG["model_args"])
    return network.state_dict()


@pytest.fixture(scope="module")
def files(weights):
    return {
        f"{NAME}/config.json": json.dumps(CONFIG).encode(),
        f"{NAME}/README.md": CARD,
        f"{NAME}/model.safetensors": safetensors.torch.save(weights),
    }


def fetch(folder, model_type=f"hf_hub:{NAME}", source="require"):
    params = PretrainedParams(model_type=model_type, pretrained=source)
    return fetch_pretrained(params, folder, own_folder=folder.parent / "own")


def test_a_model_of_the_hub_is_pinned_with_its_architecture_and_license(files, tmp_path):
    with hub_with(files, tmp_path / "cache"):
        record = fetch(tmp_path / "out")
    assert record.weights == "pretrained"
    assert record.source == f"Hugging Face Hub {NAME}"
    assert (record.revision, record.license) == (COMMIT, "mit")
    assert (record.architecture, record.args) == ("test_vit", CONFIG["model_args"])
    assert record.mean == (0.4, 0.5, 0.6)
    assert record.needs_img_size  # the config leaves it out; the architecture is a ViT


@pytest.mark.parametrize("img_size", [64, 96])
def test_the_network_has_the_weights_of_the_repository(files, weights, tmp_path, img_size):
    with hub_with(files, tmp_path / "cache"):
        fetch(tmp_path / "out", f"hf-hub:{NAME}@main")
    model, preprocessing, _ = load_initial_model(tmp_path / "out", img_size, "linear", 3)
    assert preprocessing.std == (0.1, 0.2, 0.3)
    torch.testing.assert_close(
        model.backbone.blocks[1].attn.qkv.weight, weights["blocks.1.attn.qkv.weight"]
    )
    assert model.eval()(torch.randn(2, 3, img_size, img_size)).shape == (2, 3)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (
            401,
            "GatedRepo",
            "it is gated: accept its conditions at .*tiny_vit.faces, then set HF_TO",
        ),
        (403, "GatedRepo", "it is gated"),
        (401, "RepoNotFound", "does not exist, or is private: then set HF_TOKEN"),
        (403, "", "it does not let this be read.*, and its cache in HF_HOME has no copy"),
        (500, "", "status 500.*, and its cache in HF_HOME has no copy"),
    ],
)
def test_a_hub_that_refuses_is_one_sentence(files, tmp_path, status, code, reason):
    expected = rf"^model_type is 'hf_hub:owner/tiny_vit.*{reason}"
    with (
        hub_with(files, tmp_path / "cache", status, code),
        pytest.raises(UserError, match=expected),
    ):
        fetch(tmp_path / "out", source="prefer")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("owner/missing", "does not exist"),
        (f"{NAME}@v2", "no such revision"),
        ("owner", "a repository is called owner/name"),
        ("", "a repository is called owner/name"),
        ("owner/a b", "not the name of a repository"),
        ("../../etc/passwd", "a repository is called owner/name"),
        ("owner/..", "not the name of a repository"),
    ],
)
def test_a_name_that_is_none_is_one_sentence(files, tmp_path, name, reason):
    with hub_with(files, tmp_path / "cache"), pytest.raises(UserError, match=reason) as caught:
        resolve_hub_name(f"hf_hub:{name}")
    assert "\n" not in str(caught.value)


def changed(**changes):
    return json.dumps({**CONFIG, **changes}).encode()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (b"not json", "config.json cannot be read"),
        (b"[1]", "config.json cannot be read"),
        (b"{}", "config.json cannot be read"),
        (changed(architecture="resnet5O"), "timm .* has no architecture 'resnet5O'"),
        (changed(architecture=7), "has no architecture 7"),
        (changed(model_args={"checkpoint_path": "/etc/passwd"}), "model_args has checkpoint_path"),
        (changed(model_args={"pretrained": True}), "model_args has pretrained"),
        (changed(model_args={"nonsense": 1}), "model_args has nonsense, which no file may set"),
        (changed(model_args={"in_chans": 1}), "in_chans is 1, but should be 3"),
        (changed(model_args={"num_heads": 7}), "timm cannot build test_vit"),
        (
            changed(model_args={"embed_dim": 8192, "depth": 200}),
            "parameters, more than 1,000,000,0",
        ),
        (changed(model_args={"drop_rate": "abc"}), "drop_rate is 'abc', but should be a valid nu"),
        (changed(architecture="hf_hub:owner/other"), "has no architecture 'hf_hub:owner/other'"),
        (changed(architecture="test_vit.r160_in1k"), "has no architecture 'test_vit.r160_in1k'"),
        (b" " * 1_000_001, "it has more than 1,000,000 bytes"),
        (changed(pretrained_cfg={"mean": [0.5]}), "mean is"),
        (changed(pretrained_cfg={"std": "wide"}), "std is"),
    ],
)
def test_a_config_that_cannot_be_used_is_one_sentence(files, tmp_path, config, reason):
    files = {**files, f"{NAME}/config.json": config}
    with hub_with(files, tmp_path / "cache"), pytest.raises(UserError, match=reason) as caught:
        resolve_hub_name(f"hf_hub:{NAME}")
    assert "\n" not in str(caught.value)


def test_a_repository_without_config_is_no_model_of_timm(tmp_path):
    files, expected = {f"{NAME}/README.md": CARD}, "no model of timm"
    with hub_with(files, tmp_path / "cache"), pytest.raises(UserError, match=expected):
        resolve_hub_name(f"hf_hub:{NAME}")


def test_a_cut_download_is_resumed(files, weights, tmp_path):
    with hub_with(files, tmp_path / "cache", cuts=1):
        fetch(tmp_path / "out")
    stored = safetensors.torch.load_file(tmp_path / "out/backbone.safetensors")
    torch.testing.assert_close(
        stored["patch_embed.proj.weight"], weights["patch_embed.proj.weight"]
    )


@pytest.mark.parametrize("kept", [100, 0.5])
def test_a_file_that_is_not_the_weights_is_named(files, tmp_path, kept):
    content = files[f"{NAME}/model.safetensors"]
    short = content[: kept if kept > 1 else int(len(content) * kept)]
    with hub_with({**files, f"{NAME}/model.safetensors": short}, tmp_path / "cache"):
        with pytest.raises(
            UserError, match=r"no weights of owner/tiny_vit.*its weights file is damaged"
        ):
            fetch(tmp_path / "out")
        assert fetch(tmp_path / "out", source="prefer").weights == "random"


def test_weights_of_another_network_are_refused(files, tmp_path):
    other = safetensors.torch.save(timm.create_model("test_resnet").state_dict())
    files = {**files, f"{NAME}/model.safetensors": other}
    expected = "does not fit owner/tiny_vit"
    with hub_with(files, tmp_path / "cache"), pytest.raises(UserError, match=expected):
        fetch(tmp_path / "out")


def test_offline_the_cache_gives_the_same_bytes(files, tmp_path, monkeypatch):
    with hub_with(files, tmp_path / "cache"):
        first = fetch(tmp_path / "a")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert fetch(tmp_path / "b") == first
    for name in ("source.json", "backbone.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_offline_without_cache_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"HF_HUB_OFFLINE is set.*, and its cache .* has no copy"):
        fetch(tmp_path / "out", source="prefer")


def test_training_and_later_stages_never_ask_the_hub(files, tmp_path):
    with hub_with(files, tmp_path / "cache") as requests:
        fetch(tmp_path / "out")
        asked = len(requests)
        load_initial_model(tmp_path / "out", 64, "linear", 3)
        assert len(requests) == asked


@pytest.fixture
def own(tmp_path):
    """A folder in timm's form."""
    folder = tmp_path / "own/mine"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architecture": "test_resnet"}))
    return folder


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_folder_of_the_same_form_is_read(own, tmp_path, name):
    network = build_backbone(resolve_timm_name("test_resnet")).state_dict()
    if name.endswith("bin"):
        torch.save(network, own / name)
    else:
        safetensors.torch.save_file(network, own / name)
    record = fetch(tmp_path / "out", f"local-dir:{own}")
    assert (record.weights, record.source) == ("file", (own / name).as_posix())
    stored = safetensors.torch.load_file(tmp_path / "out/backbone.safetensors")
    assert all(torch.equal(stored[key], network[key]) for key in network)


def test_a_folder_without_weights_or_elsewhere_is_refused(own, tmp_path):
    with pytest.raises(UserError, match=r"has no weights; put model\.safetensors"):
        fetch(tmp_path / "out", f"local-dir:{own}", "prefer")
    assert fetch(tmp_path / "out", f"local-dir:{own}", "none").weights == "random"
    for elsewhere in ("/etc", "", "../own"):
        with pytest.raises(UserError, match=r"is not in .*own"):
            check_pretrained(
                PretrainedParams(model_type=f"local-dir:{elsewhere}"), tmp_path / "own"
            )
