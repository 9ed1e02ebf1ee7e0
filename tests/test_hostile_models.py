"""An untrusted model file sends no request, opens no path and writes nothing, wherever it is read.

Each file below made timm download, open or write something when only the types of its values were
checked. Every command and function that reads model files is given every file: it ends with an
error in one line, a server on this machine gets no request, and the folder that the file names
stays empty.
"""

import contextlib
import dataclasses
import json

import huggingface_hub
import numpy as np
import pytest
import safetensors.torch
import torch
from dvc.repo import Repo
from PIL import Image

from emotion.cli import evaluate, predict, serve, soup
from emotion.core.errors import UserError
from emotion.data.crop_params import AS_IS
from emotion.models.sources.own_checkpoints import (
    TEACHER_FILE,
    OwnCheckpointParams,
    fetch_checkpoints,
    load_own_checkpoint,
)
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from tests.conftest import make_checkpoint
from tests.fake_hub import hub_with
from tests.prediction.conftest import PREPROCESSING, write_onnx

FILE_NAMES = ("best_model.pth", "model.safetensors")  # of a Hub folder


@dataclasses.dataclass
class Trap:
    """A server on this machine, which the Hub's client takes for the Hub, and an empty folder."""

    url: str
    folder: object


@pytest.fixture
def trap(tmp_path):
    (tmp_path / "trap").mkdir()
    with hub_with({}, tmp_path / "cache") as requests:
        yield Trap(huggingface_hub.constants.ENDPOINT, tmp_path / "trap")
    assert requests == []
    assert list((tmp_path / "trap").iterdir()) == []


def downloading(trap, **overlay):
    """Arguments with which timm fetches weights from a server into a folder."""
    source = {"url": f"{trap.url}/x.pth", "hf_hub_id": None, "file": None, **overlay}
    folder = str(trap.folder)
    return {"pretrained": True, "cache_dir": folder, "pretrained_cfg_overlay": source}


HOSTILE = {
    "download to a folder": lambda trap: {"args": downloading(trap)},
    "download to a path": lambda trap: {
        "args": downloading(trap, url=[f"{trap.url}/x", f"{trap.folder}/x.pth"], custom_load=True)
    },
    "download from the Hub": lambda trap: {"args": downloading(trap, url="", hf_hub_id="owner/x")},
    "open a path": lambda trap: {"args": {"checkpoint_path": f"{trap.folder}/x.pth"}},
    "open weights": lambda trap: {"args": downloading(trap, url="", file=f"{trap.folder}/x.pth")},
    "another configuration": lambda _: {"args": {"pretrained_cfg": "x", "cfg": {}}},
    "a name of the Hub": lambda _: {"architecture": "hf_hub:owner/name"},
    "another name of the Hub": lambda _: {"architecture": "hf-hub:owner/name"},
    "a folder": lambda trap: {"architecture": f"local-dir:{trap.folder}"},
    "a tag": lambda _: {"architecture": "test_resnet.r160_in1k"},
    "an argument of another type": lambda _: {"args": {"img_size": "64"}},
    "a network of any size": lambda _: {"args": {"layers": [200] * 4, "channels": [8192] * 4}},
    "an unknown head": lambda _: {"head": "eval"},
    "a module that is none": lambda _: {"omitted": ["__class__.__base__"]},
    "all modules": lambda _: {"omitted": [""]},
    "class names that are numbers": lambda _: {"class_names": [1, 2, 3]},
    "equal class names": lambda _: {"class_names": ["happy", "happy", "sad"]},
    "other classes": lambda _: {"class_names": ["happy", "sad"]},
    "an input of any size": lambda _: {"preprocessing": {"img_size": 10**6}},
    "an epoch without history": lambda _: {"epoch": 9},
    "a field of another": lambda _: {"__class__": "x"},
}


def content_of(changes):
    """The content of the file of a small trained network, with some values changed."""
    checkpoint = make_checkpoint()
    content = {f.name: getattr(checkpoint, f.name) for f in dataclasses.fields(checkpoint)}
    preprocessing = dataclasses.asdict(checkpoint.preprocessing)
    preprocessing |= changes.pop("preprocessing", {})
    return {"format": 3, **content, "preprocessing": preprocessing, **changes}


def with_nan(_):
    weights = make_checkpoint().state_dict
    return {"state_dict": {**weights, "head.0.bias": weights["head.0.bias"] * float("nan")}}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".pth":
        torch.save(content, path)
        return path
    content = dict(content)
    weights = content.pop("state_dict")
    safetensors.torch.save_file(weights, path, {"checkpoint": json.dumps(content)})
    return path


# Readers of model files: functions of the file, in a folder of its own, that return the status of a
# command. Those that are no command raise a UserError.
def by_predict(file):
    return predict.main(["--model", str(file), str(image_in(file.parent))])


def by_evaluate(file):
    dataset = file.parent / "dataset"
    for label in ("happy", "sad"):
        (dataset / label).mkdir(parents=True)
        image_in(dataset / label)
    return evaluate.main([str(file), str(dataset), "--out", str(file.parent / "out")])


def by_explain(file):
    """The ONNX file of the folder predicts, the checkpoint in it is explained."""
    write_onnx(file.parent / "model.onnx")
    image, out = image_in(file.parent), file.parent / "out"
    options = ["--explain", "--draw", str(out), "--model", str(file.parent)]
    return predict.main([str(image), *options])


def by_serve(file):
    return serve.main(["--model", str(file)])


def by_soup(file):
    with Repo.init(str(file.parent), no_scm=True):
        pass
    return soup.main([str(file), "workspace", "--output", str(file.parent / "soup.pth")])


def by_teacher(file):
    fetch(OwnCheckpointParams(teacher=f"own/{file.name}"), file)


def by_checkpoint(file):
    fetch(OwnCheckpointParams(checkpoint=f"own/{file.name}"), file)


def by_stored_teacher(file):
    """A file that an earlier version has stored without checking it."""
    file.rename(file.parent / TEACHER_FILE)
    load_own_checkpoint(file.parent, TEACHER_FILE, ["angry", "happy", "sad"], AS_IS)


def fetch(params, file):
    own = file.parent / "own"
    own.mkdir()
    (own / file.name).write_bytes(file.read_bytes())
    fetch_checkpoints(params, file.parent / "weights", own.relative_to(file.parent))


OTHERS = by_serve, by_soup, by_stored_teacher
READERS = by_predict, by_evaluate, by_explain, by_teacher, by_checkpoint


def image_in(folder):
    pixels = np.random.default_rng(len(str(folder))).integers(0, 255, (48, 48, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "face.png")
    return folder / "face.png"


@pytest.mark.parametrize("file_name", FILE_NAMES)
@pytest.mark.parametrize("read", [*READERS, *OTHERS], ids=lambda read: read.__name__)
def test_every_hostile_file_is_rejected(trap, tmp_path, monkeypatch, capsys, read, file_name):
    not_finite = {"weights that are not finite": with_nan}
    for number, (name, make) in enumerate({**HOSTILE, **not_finite}.items()):
        file = write(tmp_path / f"{number}" / file_name, content_of(make(trap)))
        monkeypatch.chdir(file.parent)
        try:
            status = read(file)
        except UserError as error:
            message = str(error)
        else:
            message = capsys.readouterr().err.removeprefix("error: ").rstrip("\n")
            assert status == 2, name
        assert f"{file.name} is not a checkpoint" in message or "teacher.pth" in message, name
        assert "\n" not in message, name
        assert "Traceback" not in message, name


@pytest.mark.parametrize("file_name", FILE_NAMES)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_the_same_file_without_the_change_is_read(tmp_path, monkeypatch, read, file_name):
    """Otherwise the test above would pass for any file."""
    changes = {"preprocessing": dataclasses.asdict(PREPROCESSING)}  # of the ONNX file
    file = write(tmp_path / "hub" / file_name, content_of(changes))
    monkeypatch.chdir(file.parent)
    assert read(file) in (0, None)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_initial_weights_are_the_tensors_of_a_hostile_file_alone(trap, tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "own/x.pth", content_of(make(trap)))
    params = PretrainedParams(model_type="test_resnet", pretrained="own/x.pth")
    record = fetch_pretrained(
        params, tmp_path / "weights", (tmp_path / "own").relative_to(tmp_path)
    )
    assert (record.architecture, record.args) == ("test_resnet", {})


@pytest.mark.parametrize(
    "config",
    [
        lambda trap: {"architecture": "test_resnet", "model_args": downloading(trap)},
        lambda trap: {"architecture": "test_resnet", **downloading(trap)},
        lambda trap: {"architecture": "test_resnet", "pretrained_cfg": {"url": trap.url}},
        lambda trap: {
            "architecture": "test_resnet",
            "pretrained_cfg": {"hf_hub_id": "a/b", "file": str(trap.folder), "url": trap.url},
        },
        lambda _: {"architecture": "hf_hub:owner/name"},
    ],
)
def test_an_untrusted_folder_gives_its_own_weights_or_none(trap, tmp_path, monkeypatch, config):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "own/x"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config(trap)))
    safetensors.torch.save_file(make_checkpoint().state_dict, folder / "model.safetensors")
    params = PretrainedParams(model_type="local-dir:own/x", pretrained="prefer")
    own = (tmp_path / "own").relative_to(tmp_path)
    with contextlib.suppress(UserError):
        record = fetch_pretrained(params, tmp_path / "weights", own)
        assert (record.weights, record.source) == ("file", "own/x/model.safetensors")
