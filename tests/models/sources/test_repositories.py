"""Models of the Hub and of folders: resolved, pinned, loaded, or rejected with a hint."""

import json

import huggingface_hub
import pytest
import safetensors.torch
import timm
import torch

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.sources.pretrained import (
    PretrainedParams,
    check_pretrained,
    fetch_pretrained,
    load_initial_model,
)
from emotion.models.sources.repositories import resolve_hub_name
from tests.fake_hub import COMMIT, hub_with
from tests.user_errors import user_error

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
    ("status", "code", "named"),
    [
        (401, "GatedRepo", "HF_TOKEN"),
        (403, "GatedRepo", "HF_TOKEN"),
        (401, "RepoNotFound", "HF_TOKEN"),
        (403, "", "HF_HOME"),
        (500, "", "status 500"),
    ],
)
def test_a_hub_that_refuses_is_reported_with_the_reason(files, tmp_path, status, code, named):
    with (
        hub_with(files, tmp_path / "cache", status, code),
        user_error(f"hf_hub:{NAME}", named, key="model_type") as caught,
    ):
        fetch(tmp_path / "out", source="prefer")
    assert ("HF_TOKEN" in caught.value.hint) == bool(code)
    assert (NAME in caught.value.hint) == (code == "GatedRepo")  # the page of its conditions
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("owner/missing", "HF_TOKEN"),
        (f"{NAME}@v2", "emotion backbones"),
        *((name, "owner/name") for name in ("owner", "", "owner/a b", "../../etc/passwd")),
        ("owner/..", "owner/name"),
    ],
)
def test_a_name_without_a_repository_is_rejected_with_a_hint(files, tmp_path, name, hint):
    with (
        hub_with(files, tmp_path / "cache"),
        user_error(repr(f"hf_hub:{name}"), key="model_type", hint=hint) as caught,
    ):
        resolve_hub_name(f"hf_hub:{name}")
    assert "\n" not in str(caught.value)


def changed(**changes):
    return json.dumps({**CONFIG, **changes}).encode()


@pytest.mark.parametrize(
    ("config", "named"),
    [
        *((content, ["config.json"]) for content in (b"not json", b"[1]", b"{}")),
        (b" " * 1_000_001, ["config.json", "1,000,000"]),
        (changed(architecture="resnet5O"), ["'resnet5O'"]),
        (changed(architecture=7), [7]),
        (changed(architecture="hf_hub:owner/other"), ["'hf_hub:owner/other'"]),
        (changed(architecture="test_vit.r160_in1k"), ["'test_vit.r160_in1k'"]),
        (changed(model_args={"checkpoint_path": "/etc/passwd"}), ["checkpoint_path"]),
        (changed(model_args={"pretrained": True}), ["pretrained"]),
        (changed(model_args={"nonsense": 1}), ["nonsense", "img_size"]),  # and those allowed
        (changed(model_args={"in_chans": 1}), ["in_chans", 1, 3]),
        (changed(model_args={"drop_rate": "abc"}), ["drop_rate", "'abc'"]),
        (changed(model_args={"num_heads": 7}), ["config.json", "num_heads"]),
        (changed(model_args={"embed_dim": 8192, "depth": 200}), ["1,000,000,000"]),
        (changed(pretrained_cfg={"mean": [0.5]}), ["mean", "-10..10"]),
        (changed(pretrained_cfg={"std": [0, 0, 0]}), ["std", "0.001..10"]),
        (changed(pretrained_cfg={"std": "wide"}), ["std", "'wide'"]),
        (changed(pretrained_cfg={"mean": []}), ["mean", "()"]),  # not timm's default
        (changed(pretrained_cfg={"mean": 0}), ["mean", 0]),
        (changed(pretrained_cfg={"interpolation": ""}), ["interpolation"]),
        (changed(pretrained_cfg={"input_size": [3, 0, 0]}), ["input_size.1", 0]),
        (changed(pretrained_cfg={"fixed_input_size": "no"}), ["fixed_input_size", "'no'"]),
        (changed(pretrained_cfg=[1]), ["pretrained_cfg", "[1]"]),
        (changed(model_args=[1]), ["model_args", "[1]"]),
        (changed(num_classes=-1), ["num_classes", -1]),
        (changed(architecture=None), ["None"]),
        (json.dumps({"architectures": ["A"], "model_type": "vit"}).encode(), ["transformers"]),
        # A map of features, and a network without its last stages.
        (changed(model_args={"global_pool": ""}), ["(1, 17, 64)", "(1, 64)"]),
        (changed(architecture="resnet18", model_args={"layers": [0] * 4}), ["(1, 64)"]),
        (changed(architecture="resnet18", model_args={"layers": [3000, 1, 1, 1]}), [3000, 200]),
        (changed(architecture="resnet18", model_args={"layers": [1]}), ["timm cannot build"]),
        (b"[" * 100_000, ["nested"]),
        (None, ["timm"]),  # no config.json at all
    ],
)
def test_a_config_that_cannot_be_used_is_rejected_in_one_line(files, tmp_path, config, named):
    files = {**files, f"{NAME}/config.json": config}
    if config is None:
        del files[f"{NAME}/config.json"]
    with (
        hub_with(files, tmp_path / "cache"),
        user_error(f"hf_hub:{NAME}", *named, key="model_type") as caught,
    ):
        resolve_hub_name(f"hf_hub:{NAME}")
    assert "\n" not in str(caught.value)


def test_arguments_are_not_ignored_where_the_values_of_the_weights_are_at_the_top(tmp_path):
    """timm reads them only beside `pretrained_cfg`; the network would be another one."""
    (tmp_path / "own").mkdir()
    content = {"architecture": "test_vit", "model_args": {"depth": 2}, "mean": [0.1, 0.2, 0.3]}
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "own/config.json").write_text(json.dumps(content), encoding=encoding)
        info, _ = check_pretrained(
            PretrainedParams(model_type=f"local-dir:{tmp_path}/own", pretrained="none"), tmp_path
        )
        assert (info.args, info.mean) == ({"depth": 2}, (0.1, 0.2, 0.3))


@pytest.mark.parametrize(
    ("license", "shown"),
    [("mit\n\n# x\r\nb", "mit # x b"), (["a", "b"], "a, b"), (None, "unknown")],
)
def test_a_license_is_one_line(tmp_path, license, shown):
    (tmp_path / "own").mkdir()
    content = {"architecture": "test_vit", "pretrained_cfg": {}, "license": license}
    (tmp_path / "own/config.json").write_text(json.dumps(content))
    params = PretrainedParams(model_type=f"local-dir:{tmp_path}/own", pretrained="none")
    assert check_pretrained(params, tmp_path)[0].license == shown


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
        with user_error("damaged", key="pretrained") as caught:
            fetch(tmp_path / "out")
        assert str(tmp_path) not in str(caught.value)  # a reason that would be published
        assert fetch(tmp_path / "out", source="prefer").weights == "random"


def test_weights_of_another_network_are_rejected(files, tmp_path):
    other = safetensors.torch.save(timm.create_model("test_resnet").state_dict())
    files = {**files, f"{NAME}/model.safetensors": other}
    with hub_with(files, tmp_path / "cache"), user_error(file=f"Hugging Face Hub {NAME}"):
        fetch(tmp_path / "out")


def test_offline_the_cache_gives_the_same_bytes(files, tmp_path, monkeypatch):
    with hub_with(files, tmp_path / "cache"):
        first = fetch(tmp_path / "a")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert fetch(tmp_path / "b") == first
    for name in ("source.json", "backbone.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_offline_without_cache_is_reported_with_both_variables(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with user_error("HF_HUB_OFFLINE", "HF_HOME", key="model_type"):
        fetch(tmp_path / "out", source="prefer")


def test_training_and_later_stages_send_no_request_to_the_hub(files, tmp_path):
    with hub_with(files, tmp_path / "cache") as requests:
        fetch(tmp_path / "out")
        requests.clear()
        load_initial_model(tmp_path / "out", 64, "linear", 3)
        assert requests == []


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


def test_a_folder_without_weights_or_elsewhere_is_rejected(own, tmp_path):
    with user_error(file=own, hint="model.safetensors"):
        fetch(tmp_path / "out", f"local-dir:{own}", "prefer")
    assert fetch(tmp_path / "out", f"local-dir:{own}", "none").weights == "random"
    for elsewhere in ("/etc", "", "../own"):
        with user_error(tmp_path / "own", key="model_type"):
            check_pretrained(
                PretrainedParams(model_type=f"local-dir:{elsewhere}"), tmp_path / "own"
            )
