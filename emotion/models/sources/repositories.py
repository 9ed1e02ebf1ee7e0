"""Resolve and load third-party models in timm's format: Hub repositories and local folders.

`hf_hub:owner/name` (optionally `@revision`) and `local-dir:folder` are timm's own syntax. The file
config.json names the architecture and its arguments; the weights are in the same folder. The commit
of a repository is pinned in `BackboneInfo.revision`.
"""

import dataclasses
from pathlib import Path

import huggingface_hub
import timm
from huggingface_hub import errors
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.hub_client import hub_or_cache
from emotion.core.text import shorten
from emotion.models.backbones import (
    BackboneInfo,
    check_features,
    create_network,
    describe_config,
    unusable_model,
)
from emotion.models.model_names import HUB_PREFIX, suggest
from emotion.models.network_args import check_network
from emotion.models.sources.own_weights import locate_own
from emotion.models.sources.timm_config import parse_config
from emotion.models.weights_files import read_weights

HUB_PREFIXES = (HUB_PREFIX, "hf-hub:")  # timm reads both
FOLDER_PREFIX = "local-dir:"
CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # of a folder, the first that exists
LARGEST_CONFIG = 1_000_000  # bytes
LARGEST_NETWORK = 1_000_000_000  # parameters
USUAL_SIDE = 224  # pixels, of the input of networks for which nothing else is known


def resolve_folder(model_type: str, own_folder: Path) -> BackboneInfo:
    """Read the config of a `local-dir:` name.

    Raises:
        UserError: the folder is not in `own_folder`, or its config is unusable.
    """
    name = model_type.removeprefix(FOLDER_PREFIX)
    folder = locate_own("model_type", name, own_folder, content=CONFIG)
    return _read_config(folder, model_type, f"{FOLDER_PREFIX}{folder.as_posix()}")


def locate_folder_weights(info: BackboneInfo) -> Path:
    """The weights file of a `local-dir:` name.

    Raises:
        UserError: there is none.
    """
    folder = Path(info.model_type.removeprefix(FOLDER_PREFIX))
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    hint = f"add {' or '.join(WEIGHTS)}"
    raise UserError("has no weights", hint, file=folder, key="model_type")


def resolve_hub_name(model_type: str) -> BackboneInfo:
    """Read the config of a `hf_hub:` name from the Hub, or from its cache.

    Raises:
        UserError: there is no such repository or revision, it needs a token, it is not a model of
            timm, or the Hub is not reachable and the cache has no copy.
    """
    repository, revision = _split(model_type)
    address = f"{repository}/resolve/{revision or 'main'}/{CONFIG}"
    with hub_or_cache(address) as problem:
        try:
            path = Path(huggingface_hub.hf_hub_download(repository, CONFIG, revision=revision))
            license = _find_license(repository, commit := path.parent.name)
        except Exception as error:  # the client's errors share no base class
            raise unusable_model(model_type, *_explain(error, repository, problem)) from None
    # The cache has one folder per commit.
    return _read_config(path.parent, model_type, f"{repository}@{commit[:12]}", commit, license)


def load_hub_weights(info: BackboneInfo) -> dict[str, Tensor]:
    """Download the weights of a `hf_hub:` name at its pinned revision, or read them from the cache.

    Returns:
        Tensor by name, as in the file: those of a classifier are included.

    Raises:
        ConnectionError: there are none, with the reason.
    """
    repository, _ = _split(info.model_type)
    with hub_or_cache(f"{repository}/resolve/{info.revision}/{WEIGHTS[0]}") as problem:
        try:
            return read_weights(_download_weights(repository, info.revision))
        except Exception as error:  # as above; also of a file that is truncated or is not weights
            reason = ": ".join(filter(None, _explain(error, repository, problem)))
            raise ConnectionError(f"the Hugging Face Hub gave no weights ({reason})") from error


def _download_weights(repository: str, revision: str) -> Path:
    preferred, other = WEIGHTS
    try:
        return Path(huggingface_hub.hf_hub_download(repository, preferred, revision=revision))
    except errors.EntryNotFoundError:
        return Path(huggingface_hub.hf_hub_download(repository, other, revision=revision))


def _split(model_type: str) -> tuple[str, str | None]:
    """The repository and the revision, None for its newest."""
    name = model_type.removeprefix(HUB_PREFIXES[0]).removeprefix(HUB_PREFIXES[1])
    repository, _, revision = name.partition("@")
    if repository.count("/") != 1:
        hint = suggest(repository) or "write hf_hub:owner/name"
        raise unusable_model(model_type, "it names no repository", hint)
    return repository, revision or None


def _read_config(
    folder: Path, model_type: str, tag: str, revision: str = "", license: str = ""
) -> BackboneInfo:
    """Check a config.json by building its network, without memory for the weights."""
    if (folder / CONFIG).stat().st_size > LARGEST_CONFIG:
        raise unusable_model(model_type, f"its {CONFIG} has more than {LARGEST_CONFIG:,} bytes")
    try:
        config = parse_config(files.read_text(folder / CONFIG))
        check_network(config.architecture, config.model_args)
        usual = timm.models.get_pretrained_cfg(config.architecture)
        fixed = config.weights.fixed_input_size
        if fixed is None:
            fixed = bool(usual and usual.fixed_input_size)
        info = describe_config(
            dataclasses.asdict(config.weights),
            model_type=model_type,
            tag=tag,
            architecture=config.architecture,
            args=config.model_args,
            needs_img_size=fixed and not config.takes_any_size,
            license=shorten(" ".join((license or config.license or "unknown").split())),
            revision=revision,
        )
        info.preprocessing(img_size=1, grayscale=False)  # checks mean, std and interpolation
        _check_network(info, config.weights.input_size or (usual.input_size if usual else None))
    except Exception as error:  # of any JSON: any architecture with any arguments
        reason = " ".join(str(error).split()) or type(error).__name__
        if not isinstance(error, ValueError):
            reason = f"timm cannot build its network: {reason}"
        raise unusable_model(model_type, f"its {CONFIG} is of no use ({reason})") from None
    return info


def _check_network(info: BackboneInfo, input_size: tuple[int, int, int] | None) -> None:
    size = info.args.get("img_size") or (input_size or (USUAL_SIDE,))[-1]
    side = size[-1] if isinstance(size, list) else size
    network = create_network(info.architecture, info.args_at(side), device="meta")
    count = sum(parameter.numel() for parameter in network.parameters())
    if count > LARGEST_NETWORK:
        raise ValueError(f"it has {count:,} parameters, more than {LARGEST_NETWORK:,}")
    check_features(network, side)


def _find_license(repository: str, commit: str) -> str:
    """The license in the front matter of the repository's README.md, or ""."""
    try:
        card = huggingface_hub.hf_hub_download(repository, "README.md", revision=commit)
        return str((huggingface_hub.metadata_load(Path(card)) or {}).get("license") or "")
    except (errors.EntryNotFoundError, ValueError):  # no card, or one without front matter
        return ""


def _explain(error: Exception, repository: str, problem: str) -> tuple[str, str]:
    """Why the Hub gave no file, and a hint, empty if there is no better one than another model."""
    address = f"{huggingface_hub.constants.ENDPOINT}/{repository}"
    match error:
        case errors.GatedRepoError():
            return "it is gated", f"accept its conditions at {address}, then set HF_TOKEN"
        case errors.RepositoryNotFoundError():
            meant = suggest(repository) if repository.startswith("timm/") else ""
            hint = meant or "correct the name or set HF_TOKEN"
            return f"{address} does not exist or is private", hint
        case errors.RevisionNotFoundError():
            return "it has no such revision", ""
        case errors.HFValidationError():
            return "it names no repository", suggest(repository) or "write hf_hub:owner/name"
        case errors.LocalEntryNotFoundError() | errors.OfflineModeIsEnabled():
            why = problem or "it does not let this be read"
            reason = f"the Hub is of no use ({why}), and its cache in HF_HOME has no copy"
            return reason, ""
        case errors.EntryNotFoundError():
            return "it is no model of timm: a file is missing", ""
        case UserError():  # of read_weights; it names a path, which would be published
            return "its weights file is damaged", ""
    return f"{problem or type(error).__name__} from {address}", ""
