"""A file that is not weights of PyTorch is named by what it is, whatever its suffix says."""

import argparse
import gzip
import io
import pickle
import zipfile

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
from torch import nn

from emotion.models.checkpoint import load_checkpoint
from emotion.models.weights_files import read_weights
from tests.user_errors import user_error

WEIGHTS = {"conv.weight": torch.arange(4000.0)}


def saved(content, **options):
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def scripted():
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), file)
    return file.getvalue()


def onnx_graph():
    value = onnx.helper.make_tensor_value_info("x", 1, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["x"])
    graph = onnx.helper.make_graph([node], "g", [value], [value])
    return onnx.helper.make_model(graph, producer_name="pytorch").SerializeToString()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
KINDS = {
    "an empty file": (b"", "again"),
    "a pointer of Git LFS": (LFS, "git lfs pull"),
    "an HTML page": (b"<!DOCTYPE html><html><body>sign in</body></html>", "again"),
    "a gzip archive": (gzip.compress(saved(WEIGHTS)), "unpack"),
    "a zip archive": (zipped(weights__best="x"), "unpack"),
    "an archive of NumPy": (zipped(**{"a.npy": "x"}), ""),
    "a Keras file": (zipped(**{"model.weights.h5": "x"}), "PyTorch"),
    "an HDF5 file": (b"\x89HDF\r\n\x1a\n" + bytes(99), "PyTorch"),
    "a TorchScript program": (scripted(), ""),
    "an ONNX file": (onnx_graph(), "exported"),
    "a text file": ("gewichte = größer".encode() * 60, ""),
    "an incomplete or damaged file of torch.save": (saved(WEIGHTS)[:5000], "again"),
    "an incomplete or damaged safetensors file": (safetensors.torch.save(WEIGHTS)[:900], "again"),
    "argparse.Namespace": (saved({"args": argparse.Namespace()}), ""),
    "torch.nn.modules.linear.Linear": (saved(nn.Linear(1, 1)), ""),
    "linear.Linear": (
        saved(nn.Linear(1, 1), _use_new_zipfile_serialization=False),
        "",
    ),
    "a pickle of other objects": (pickle.dumps({"w": np.zeros(2)}), ""),
    "neither safetensors nor a file of torch.save": (b"\x82\xa6params\x80\xff", ""),
}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_names_the_kind_and_what_to_do(tmp_path, kind, suffix):
    content, hint = KINDS[kind]
    path = tmp_path / f"downloaded{suffix}"
    path.write_bytes(content)
    for read in (read_weights, load_checkpoint):
        with user_error(kind, file=path, hint=hint) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert (
            hint or ("state_dict()" if read is read_weights else "dvc repro") in caught.value.hint
        )
        assert "weights_only" not in str(caught.value)  # torch advises to load unsafely


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".weights"])
@pytest.mark.parametrize(
    "content",
    [
        saved(WEIGHTS),
        saved(WEIGHTS, _use_new_zipfile_serialization=False),
        safetensors.torch.save(WEIGHTS),
    ],
    ids=["torch", "torch before 1.6", "safetensors"],
)
def test_the_content_decides_and_not_the_suffix(tmp_path, content, suffix):
    (tmp_path / f"x{suffix}").write_bytes(content)
    found = read_weights(tmp_path / f"x{suffix}")
    assert torch.equal(found["conv.weight"], WEIGHTS["conv.weight"])


@pytest.mark.parametrize("place", [0.3, 0.6])
def test_a_byte_that_changed_on_the_way_is_noticed(tmp_path, place):
    """torch.load gives the wrong number: it does not compare checksums."""
    content = bytearray(saved(WEIGHTS))
    content[int(len(content) * place)] ^= 1
    (tmp_path / "x.pth").write_bytes(content)
    assert not torch.equal(torch.load(tmp_path / "x.pth")["conv.weight"], WEIGHTS["conv.weight"])
    for read in (read_weights, load_checkpoint):
        with user_error("checksum", file="x.pth"):
            read(tmp_path / "x.pth")
