"""A checkpoint alone is enough to rebuild network, preprocessing and class names."""

import dataclasses
import os
import subprocess
import sys
import zipfile

import pytest
import safetensors.torch
import torch

import emotion
from emotion.core.errors import UserError
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.checkpoint import library_versions, load_checkpoint
from emotion.models.classifier import EmotionClassifier
from tests.conftest import make_checkpoint


@pytest.fixture
def checkpoint():
    return make_checkpoint("test_vit", img_size=64)


NAMES = ("best_model.pth", "model.safetensors")


def save(checkpoint, path):
    checkpoint.save_safetensors(path) if path.suffix == ".safetensors" else checkpoint.save(path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_the_rebuilt_network_gives_the_same_logits(checkpoint, tmp_path, name):
    loaded = load_checkpoint(save(checkpoint, tmp_path / name))
    torch.manual_seed(0)  # the seed of make_checkpoint
    model = EmotionClassifier(build_backbone(resolve_timm_name("test_vit"), 64), "deep", 3).eval()
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


@pytest.mark.parametrize("name", NAMES)
def test_saving_twice_gives_the_same_bytes(checkpoint, tmp_path, name):
    a, b = (save(checkpoint, tmp_path / folder / name) for folder in "ab")
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.slow
def test_another_process_writes_the_same_safetensors(checkpoint, tmp_path):
    """Hash seeds differ between processes, and with them the order of sets and hash maps."""
    code = (
        "from pathlib import Path\n"
        "from tests.conftest import make_checkpoint\n"
        f"checkpoint = make_checkpoint('test_vit', img_size=64)\n"
        f"checkpoint.save_safetensors(Path({str(tmp_path / 'b.safetensors')!r}))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    save(checkpoint, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_other_programs_read_the_safetensors(checkpoint, tmp_path):
    weights = safetensors.torch.load_file(save(checkpoint, tmp_path / "model.safetensors"))
    assert weights.keys() == checkpoint.state_dict.keys()
    assert all(torch.equal(weights[name], checkpoint.state_dict[name]) for name in weights)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_another_file_is_rejected_in_one_sentence(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    for content in (b"", b"not a checkpoint", b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"is not a checkpoint of this pipeline") as caught:
            load_checkpoint(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "[1]", "{", "{}"])
def test_other_safetensors_are_not_taken_for_a_checkpoint(tmp_path, content):
    path = tmp_path / "x.safetensors"
    metadata = {"format": "pt"} if content is None else {"checkpoint": content}
    safetensors.torch.save_file({"weight": torch.zeros(1)}, path, metadata)
    with pytest.raises(UserError, match=r"x\.safetensors is not a checkpoint of this pipeline"):
        load_checkpoint(path)


@pytest.mark.parametrize(("number", "named"), [(None, 0), (99, 99)], ids=["old", "newer"])
def test_a_checkpoint_of_another_format_is_one_sentence(checkpoint, tmp_path, number, named):
    checkpoint.save(tmp_path / "x.pth")
    content = torch.load(tmp_path / "x.pth", weights_only=True)
    if number is None:  # as before formats were numbered
        del content["format"], content["preprocessing"]
        content["img_size"] = 64
    else:
        content["format"] = number
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(UserError, match=rf"x\.pth is a checkpoint of format {named}") as caught:
        load_checkpoint(tmp_path / "x.pth")
    assert "reads format 3; run `dvc repro train`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [{"state_dict": {}}, [1, 2], {"weight": torch.zeros(1)}], ids=str
)
def test_other_files_of_torch_are_not_taken_for_a_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"x\.pth is not a checkpoint of this pipeline"):
        load_checkpoint(tmp_path / "x.pth")


def test_a_checkpoint_records_its_format_and_the_version_of_this_project(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "x.pth")
    assert torch.load(tmp_path / "x.pth", weights_only=True)["format"] == 3
    assert library_versions()["emotion"] == emotion.__version__


def test_a_missing_checkpoint_is_reported_with_the_stage_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="dvc repro train"):
        load_checkpoint(tmp_path / "none.pth")


class Payload:
    def __reduce__(self):
        return (print, ("executed",))


def test_no_advice_to_load_unsafely_is_passed_on(tmp_path, capsys):
    torch.save({"state_dict": Payload(), "class_names": []}, tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"x\.pth is not a checkpoint") as caught:
        load_checkpoint(tmp_path / "x.pth")
    assert "weights_only" not in str(caught.value)
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_what_is_no_file_is_not_waited_for(tmp_path, kind, suffix):
    path = tmp_path / f"x{suffix}"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(UserError, match=r"cannot be read"):
        load_checkpoint(path)


def rewritten(checkpoint, path, **changes):
    """The file of a checkpoint, with other content."""
    checkpoint.save(path)
    content = torch.load(path, weights_only=True)
    torch.save({**content, **changes}, path)
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tensor: torch.zeros(1).expand(tensor.shape), "is not stored as its shape says"),
        (lambda tensor: tensor.to_sparse(), "is not stored as its shape says"),
        (lambda tensor: tensor.half(), "do not fit test_vit"),
        (lambda tensor: tensor[:1], "do not fit test_vit"),
        (lambda tensor: tensor * float("nan"), "has values that are not finite"),
        (lambda tensor: tensor / 0, "has values that are not finite"),
    ],
)
def test_tensors_are_those_of_the_network(checkpoint, tmp_path, change, reason):
    name = "head.0.weight"
    weights = {**checkpoint.state_dict, name: change(checkpoint.state_dict[name])}
    path = rewritten(checkpoint, tmp_path / "x.pth", state_dict=weights)
    with pytest.raises(UserError, match=reason):
        load_checkpoint(path)


def test_an_archive_that_grows_is_not_read(checkpoint, tmp_path):
    """torch compresses nothing; two gigabytes of zeros would be two megabytes."""
    checkpoint.save(tmp_path / "x.pth")
    with (
        zipfile.ZipFile(tmp_path / "x.pth") as old,
        zipfile.ZipFile(tmp_path / "y.pth", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(UserError, match="its archive is compressed"):
        load_checkpoint(tmp_path / "y.pth")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"omitted": ["no.such"]}, "timm cannot build"),
        ({"omitted": ["a"] * 101}, "should be names of modules"),
        ({"args": {"img_size": 64, "global_pool": ""}}, "its network gives|timm cannot build"),
        ({"args": {"img_size": 64, "num_classes": 3}}, "model_args has num_classes"),
    ],
)
def test_a_network_must_take_an_image_and_give_the_classes(checkpoint, tmp_path, changes, reason):
    path = rewritten(checkpoint, tmp_path / "x.pth", **changes)
    with pytest.raises(UserError, match=reason):
        load_checkpoint(path)
