"""A checkpoint alone is enough to rebuild network, preprocessing and class names."""

import ast
import dataclasses
import os
import subprocess
import sys
import zipfile

import pytest
import safetensors.torch
import torch

import emotion
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.checkpoint import library_versions, load_checkpoint
from emotion.models.classifier import EmotionClassifier
from tests.conftest import make_checkpoint
from tests.models.conftest import Payload
from tests.user_errors import user_error

TRAIN = "dvc repro train"


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


def test_weights_that_do_not_fit_are_reported_with_the_network(checkpoint):
    state = {name: tensor[..., :1] for name, tensor in checkpoint.state_dict.items() if tensor.ndim}
    with user_error("test_vit", hint=TRAIN) as caught:
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


def write_other(path, content):
    """A file that is no checkpoint: bytes, an object of torch.save, or safetensors metadata."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif path.suffix == ".pth":
        torch.save(content, path)
    else:
        metadata = {"format": "pt"} if content is None else {"checkpoint": content}
        safetensors.torch.save_file({"weight": torch.zeros(1)}, path, metadata)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((name, content) for name in NAMES for content in (b"", b"no checkpoint", b"\xff" * 64)),
        *(("x.safetensors", metadata) for metadata in (None, "[1]", "{", "{}")),
        *(("x.pth", content) for content in ({"state_dict": {}}, [1, 2], {"a": torch.zeros(1)})),
        ("x.pth", {"state_dict": Payload(), "class_names": []}),
    ],
    ids=str,
)
def test_another_file_is_rejected_in_one_line(tmp_path, capsys, name, content):
    write_other(tmp_path / name, content)
    with user_error(file=name, hint=TRAIN) as caught:
        load_checkpoint(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value)  # torch advises to load unsafely
    assert "executed" not in capsys.readouterr().out


def rewritten(checkpoint, path, **changes):
    """The file of a checkpoint, with other content."""
    checkpoint.save(path)
    content = torch.load(path, weights_only=True)
    torch.save({**content, **changes}, path)
    return path


@pytest.mark.parametrize("number", [0, 99, "'3'"])
def test_another_format_is_named_with_the_one_that_is_read(checkpoint, tmp_path, number):
    path = rewritten(checkpoint, tmp_path / "x.pth", format=ast.literal_eval(str(number)))
    with user_error(number, 3, file="x.pth", hint=TRAIN):
        load_checkpoint(path)


def test_a_file_older_than_numbered_formats_has_the_format_0(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "x.pth")
    content = torch.load(tmp_path / "x.pth", weights_only=True)
    del content["format"], content["preprocessing"]
    torch.save({**content, "img_size": 64}, tmp_path / "x.pth")
    with user_error(0, file="x.pth", hint=TRAIN):
        load_checkpoint(tmp_path / "x.pth")


def test_a_checkpoint_records_its_format_and_the_version_of_this_project(checkpoint, tmp_path):
    checkpoint.save(tmp_path / "x.pth")
    assert torch.load(tmp_path / "x.pth", weights_only=True)["format"] == 3
    assert library_versions()["emotion"] == emotion.__version__


@pytest.mark.parametrize("make", [lambda _: None, os.mkdir, os.mkfifo], ids=["none", "dir", "pipe"])
@pytest.mark.parametrize("name", NAMES)
def test_a_path_without_a_file_does_not_block(tmp_path, make, name):
    make(tmp_path / name)
    with user_error(file=name, hint="" if (tmp_path / name).exists() else TRAIN):
        load_checkpoint(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda tensor: torch.zeros(1).expand(tensor.shape), "head.0.weight"),
        (lambda tensor: tensor.to_sparse(), "head.0.weight"),
        (lambda tensor: tensor.half(), "test_vit"),
        (lambda tensor: tensor[:1], "test_vit"),
        (lambda tensor: tensor * float("nan"), "not finite"),
        (lambda tensor: tensor / 0, "not finite"),
    ],
    ids=["expanded", "sparse", "half", "cut", "nan", "infinite"],
)
def test_tensors_are_those_of_the_network(checkpoint, tmp_path, change, named):
    name = "head.0.weight"
    weights = {**checkpoint.state_dict, name: change(checkpoint.state_dict[name])}
    path = rewritten(checkpoint, tmp_path / "x.pth", state_dict=weights)
    with user_error(name, named, file="x.pth", hint=TRAIN):
        load_checkpoint(path)


def test_a_compressed_archive_is_not_read(checkpoint, tmp_path):
    """torch.save does not compress; two gigabytes of zeros would be two megabytes."""
    checkpoint.save(tmp_path / "x.pth")
    with (
        zipfile.ZipFile(tmp_path / "x.pth") as old,
        zipfile.ZipFile(tmp_path / "y.pth", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with user_error("compressed", file="y.pth", hint=TRAIN):
        load_checkpoint(tmp_path / "y.pth")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"omitted": ["no.such"]}, "test_vit"),
        ({"omitted": ["a"] * 101}, "omitted"),
        ({"args": {"img_size": 64, "global_pool": ""}}, "(1, 17, 3)"),
        ({"args": {"img_size": 64, "num_classes": 3}}, "num_classes"),
    ],
)
def test_a_network_must_map_an_image_to_the_classes(checkpoint, tmp_path, changes, named):
    path = rewritten(checkpoint, tmp_path / "x.pth", **changes)
    with user_error(named, file="x.pth", hint=TRAIN):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("synthetic_fraction", float("nan"), 1),
        ("synthetic_fraction", -5.0, 0),
        ("synthetic_fraction", "nan", "number"),
        ("best_value", float("inf"), 1),
        ("epoch", 0, 1),
        ("class_names", "abc", "list"),
        ("monitor", "loss", "'macro_f1'"),
    ],
)
def test_a_value_that_no_checkpoint_has_is_shown_with_what_is_allowed(
    checkpoint, tmp_path, field, value, allowed
):
    path = rewritten(checkpoint, tmp_path / "x.pth", **{field: value})
    with user_error(field, repr(value).lstrip("-"), allowed, file="x.pth", hint=TRAIN):
        load_checkpoint(path)
