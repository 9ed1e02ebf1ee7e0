"""The tensors of a backbone are found in whatever a training program wrapped them, or refused."""

import pytest
import torch
from torch import nn

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.weights_files import read_weights
from emotion.models.weights_fit import fit_weights
from tests.models.conftest import Payload
from tests.user_errors import user_error

INFO = resolve_timm_name("test_resnet")


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return build_backbone(INFO).state_dict()


def under(prefix, weights):
    return {f"{prefix}{name}": tensor for name, tensor in weights.items()}


def moved(weights):
    """Other values of the same network."""
    return {name: tensor + 1 for name, tensor in weights.items()}


def read(content, path):
    torch.save(content, path)
    return fit_weights(INFO, read_weights(path), path.as_posix())


PREFIXES = (
    *("module.", "_orig_mod.", "model.", "backbone.", "encoder.", "net.", "student.", "teacher."),
    *("module.model.", "_orig_mod.module.", "a.name.that.no.list.has."),
)
KEYS = (
    *("model", "model_state_dict", "state_dict", "net", "network", "weights", "params"),
    *("state_dict_ema", "ema", "model_ema", "another_name"),
)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("others", [{}, {"loss.weight": torch.zeros(3)}], ids=["alone", "others"])
def test_weights_behind_any_prefix_are_those_without_it(backbone, tmp_path, prefix, others):
    head = {"head.weight": torch.zeros(3, 96)}
    found, where = read(under(prefix, {**backbone, **head}) | others, tmp_path / "x.pth")
    assert list(found) == list(backbone)
    assert all(torch.equal(found[name], backbone[name]) for name in backbone)
    assert where == (tmp_path / "x.pth").as_posix()


@pytest.mark.parametrize("key", KEYS)
def test_weights_under_any_key_are_those_of_the_dict(backbone, tmp_path, key):
    optimizer = torch.optim.Adam([nn.Parameter(torch.ones(1))]).state_dict()
    others = {"epoch": 3, "optimizer": optimizer, "best": 0.5, "history": [1, 2]}
    for content in ({key: backbone}, {key: under("module.", backbone)}, {"run": {key: backbone}}):
        found, _ = read({**others, **content}, tmp_path / "x.pth")
        assert all(torch.equal(found[name], backbone[name]) for name in backbone)


@pytest.mark.parametrize(
    ("make", "taken", "left"),
    [
        (lambda a, b: {"state_dict": a, "state_dict_ema": b}, "state_dict_ema", "state_dict"),
        (lambda a, b: {"model_ema": b, "model": a}, "model_ema", "model"),
        (lambda a, b: {**under("student.", a), **under("teacher.", b)}, "teacher", "student"),
        (lambda a, b: {"net": under("ema.", b), "schema": a}, "net.ema", "schema"),
        (lambda a, b: {"second": b, "first": a}, "second", "first"),
    ],
)
def test_of_two_networks_the_average_or_else_the_first_is_taken_and_named(
    backbone, tmp_path, make, taken, left
):
    expected = moved(backbone)
    found, where = read(make(backbone, expected), tmp_path / "x.pth")
    assert all(torch.equal(found[name], expected[name]) for name in backbone)
    assert where.endswith(f"x.pth ({taken}, not {left})")


def test_a_prefix_of_some_names_only_is_not_removed(backbone, tmp_path):
    names = list(backbone)
    mixed = {f"module.{n}" if n in names[::2] else n: t for n, t in backbone.items()}
    with user_error("of 75", "module.conv1", INFO.tag, file="x.pth", hint="test_resnet"):
        read(mixed, tmp_path / "x.pth")


def test_counts_of_batches_may_be_missing(backbone, tmp_path):
    """torch 0.4 does not write them, and nothing is computed from them."""
    kept = {name: t for name, t in backbone.items() if not name.endswith("num_batches_tracked")}
    assert len(kept) < len(backbone)
    found, _ = read(kept, tmp_path / "x.pth")
    assert list(found) == list(backbone)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t[:1], ["1 of 75", "conv1.0.weight", "(16, 3, 3, 3)", "(1, 3, 3, 3)"]),
        (lambda t: t.to(torch.int8), ["1 of 75", "conv1.0.weight", "int8", "float32"]),
        (lambda t: t / 0, ["conv1.0.weight", "not finite"]),
        (lambda t: t * float("nan"), ["conv1.0.weight", "not finite"]),
        (lambda t: torch.zeros(1).expand(t.shape), ["conv1.0.weight"]),
    ],
    ids=["shape", "integers", "infinite", "nan", "expanded"],
)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_one_tensor_that_cannot_be_used_is_named(backbone, tmp_path, change, named, prefix):
    wrong = {**backbone, "conv1.0.weight": change(backbone["conv1.0.weight"])}
    with user_error(*(name.strip("()") for name in named), file="x.pth", key="pretrained"):
        read(under(prefix, wrong), tmp_path / "x.pth")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float8_e4m3fn])
def test_weights_of_any_precision_are_used(backbone, tmp_path, dtype):
    cast = {n: t.to(dtype) if t.is_floating_point() else t for n, t in backbone.items()}
    found, _ = read(cast, tmp_path / "x.pth")
    assert torch.equal(found["conv1.0.weight"], backbone["conv1.0.weight"].to(dtype))


def test_a_classifier_that_diverged_is_refused_with_its_network(backbone, tmp_path):
    with user_error("fc.bias", "not finite", file="x.pth"):
        read({**backbone, "fc.bias": torch.tensor([float("nan")])}, tmp_path / "x.pth")


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["resnet.embedder.embedder.convolution.weight"], "transformers"),
        (["vit.encoder.layer.0.attention.attention.query.weight"], "transformers"),
        (["features.0.0.weight", "features.0.1.weight"], "torchvision"),
        (["class_token", "conv_proj.weight"], "torchvision"),
        (["_conv_stem.weight", "_bn0.weight"], "efficientnet_pytorch"),
        (["conv_stem.weight", "bn1.weight"], "timm"),
        (["w1"], ""),
    ],
)
def test_names_of_another_network_are_shown_with_those_expected(tmp_path, names, family):
    with user_error("75 of 75", "conv1.0.weight", names[0], file="x.pth") as caught:
        read({name: torch.zeros(7, 5) for name in names}, tmp_path / "x.pth")
    assert "(7, 5) float32" in str(caught.value)
    assert ("a name of" in str(caught.value)) == bool(family)
    assert family in str(caught.value)


def test_a_dict_that_has_itself_does_not_block(backbone, tmp_path):
    content = {"weights": backbone}
    content["again"] = content
    found, _ = read(content, tmp_path / "x.pth")
    assert list(found) == list(backbone)


def test_an_object_in_the_file_is_named_and_not_run(backbone, tmp_path, capsys):
    torch.save({"model": backbone, "args": Payload()}, tmp_path / "x.pth")
    with user_error(file="x.pth", key="pretrained", hint="state_dict()"):
        read_weights(tmp_path / "x.pth")
    assert "executed" not in capsys.readouterr().out
