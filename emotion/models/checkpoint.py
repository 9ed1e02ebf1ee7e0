"""The checkpoint: weights that describe themselves.

Whoever holds best_model.pth can rebuild the network, its preprocessing and its class names without
params.yaml. It holds plain types only, so `torch.load(..., weights_only=True)` reads it.
"""

import dataclasses
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.classifier import EmotionClassifier
from emotion.models.pretrained import SOURCE_FILE, WEIGHTS_FILE

_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained network and everything a later stage must know of it."""

    model_type: str  # as the user wrote it
    tag: str  # the timm name that it resolved to
    head: str
    class_names: list[str]  # in the order of the logits
    img_size: int  # input side, pixels
    mean: list[float]  # normalization of RGB in 0..1
    std: list[float]
    interpolation: str  # how images are resized to the input
    grayscale: bool  # luminance alone, in three equal channels
    weights: str  # what training started from: pretrained, random or file
    weights_source: str
    epoch: int  # the epoch that was kept, from 1
    monitor: str  # the validation metric it was kept for
    best_value: float
    val_macro_f1: float
    val_accuracy: float
    params: dict  # TrainParams as they were
    history: dict[str, list[float]]  # one value an epoch
    versions: dict[str, str]  # of the libraries, and the number of threads
    state_dict: dict[str, Tensor]  # EMA weights where EMA was on

    def save(self, path: Path) -> None:
        """Write atomically; equal content gives equal bytes for equal file names."""
        content = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        with files.replacing(path) as temporary:
            torch.save(content, temporary)

    def build_model(self) -> EmotionClassifier:
        """The network in evaluation mode, float32, on the CPU."""
        facts = resolve_backbone(self.tag)
        backbone = build_backbone(facts, self.img_size)
        model = EmotionClassifier(backbone, self.head, len(self.class_names))
        model.load_state_dict(self.state_dict)
        return model.eval()


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `Checkpoint.save` wrote.

    Raises:
        UserError: the file is missing, is no checkpoint, or is another version's.
    """
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        return Checkpoint(**content)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro train` makes it.") from None
    except Exception as error:  # torch.load names no common base class
        raise UserError(
            f"{path} is not a checkpoint of this pipeline ({type(error).__name__}: {error}); "
            "run `dvc repro train`."
        ) from None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a run starts from; its checkpoint keeps these fields."""

    model_type: str
    tag: str
    img_size: int
    mean: list[float]
    std: list[float]
    interpolation: str
    grayscale: bool
    weights: str
    weights_source: str


def initial_model(
    weights_folder: Path, img_size: int, head: str, classes: int, grayscale: bool = False
) -> tuple[EmotionClassifier, Origin]:
    """The network that training starts from, and where its weights came from.

    Args:
        weights_folder: what the stage `pretrained_weights` wrote.
        img_size: input side, pixels.
        head: a kind of `build_head`; drawn from torch's global generator: seed it first.
        classes: number of logits.
        grayscale: whether it will be shown luminance alone.
    """
    source = files.read_json(weights_folder / SOURCE_FILE)
    facts = resolve_backbone(source["model_type"])
    state_dict = None
    if source["weights"] != "random":
        state_dict = safetensors.torch.load_file(weights_folder / WEIGHTS_FILE)
    backbone = build_backbone(facts, img_size, state_dict)
    origin = Origin(
        model_type=source["model_type"],
        tag=source["tag"],
        img_size=img_size,
        mean=source["mean"],
        std=source["std"],
        interpolation=source["interpolation"],
        grayscale=grayscale,
        weights=source["weights"],
        weights_source=source["source"],
    )
    return EmotionClassifier(backbone, head, classes), origin


def library_versions() -> dict[str, str]:
    """What the run's bytes depend on besides the code: libraries, threads, processor features."""
    return {
        **{package: version(package) for package in _PACKAGES},
        "torch_threads": str(torch.get_num_threads()),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }
