"""The checkpoint: weights that describe themselves.

best_model.pth is enough to rebuild the network, its preprocessing and its class names, without
params.yaml. It holds plain types only, so `torch.load(..., weights_only=True)` reads it. The same
content as a safetensors file is for readers that take no pickle at all.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.preprocessing import Preprocessing
from emotion.core.version import __version__
from emotion.models.backbones import create_network
from emotion.models.classifier import EmotionClassifier

FORMAT = 3  # of the file; raised when a field changes its meaning
SAFETENSORS = ".safetensors"
_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained network and everything a later stage needs to know of it."""

    model_type: str  # as the user wrote it
    tag: str  # what it resolved to
    architecture: str  # a network that timm registers; building it needs nothing else
    args: dict[str, Any]  # of timm's function for it
    omitted: list[str]  # its modules that are left out
    head: str
    class_names: list[str]  # in the order of the logits
    preprocessing: Preprocessing
    weights: str  # what training started from: pretrained, random or file
    weights_source: str
    synthetic_fraction: float  # share of the training images that are not photographs
    data_hash: str  # manifest.hash_images of the splits train and val
    epoch: int  # the epoch that was kept, from 1
    monitor: str  # the validation metric that selected it
    best_value: float
    val_macro_f1: float
    val_accuracy: float
    params: dict[str, Any]  # TrainParams of the run
    history: dict[str, list[float]]  # one value per epoch
    versions: dict[str, str]  # of this project and its libraries, threads, number formats
    state_dict: dict[str, Tensor]  # EMA weights where EMA was on
    # The runs whose weights are averaged, the best first; epoch, params and history are its own.
    members: list[str] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write atomically; equal content gives equal bytes for equal file names."""
        with files.replacing(path) as temporary:
            torch.save(self._content(), temporary)

    def save_safetensors(self, path: Path) -> None:
        """Write atomically; all but the weights is JSON in the metadata, under `checkpoint`.

        One key, because safetensors writes several in a random order.
        """
        content = self._content()
        weights = content.pop("state_dict")
        metadata = {"checkpoint": json.dumps(content)}
        with files.replacing(path) as temporary:
            safetensors.torch.save_file(weights, temporary, metadata)

    def _content(self) -> dict[str, Any]:
        """Plain types, and the tensors."""
        content = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        preprocessing = dataclasses.asdict(self.preprocessing)
        return {"format": FORMAT, **content, "preprocessing": preprocessing}

    def build_model(self) -> EmotionClassifier:
        """The network in evaluation mode, float32, on the CPU."""
        backbone = create_network(self.architecture, self.args, self.omitted)
        model = EmotionClassifier(backbone, self.head, len(self.class_names))
        try:
            model.load_state_dict(self.state_dict)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise UserError(f"the checkpoint's weights do not fit {self.tag} ({reason}).") from None
        return model.eval()


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what `Checkpoint.save` or `Checkpoint.save_safetensors` wrote.

    Raises:
        UserError: the file is missing, is no checkpoint, or has another format.
    """
    read = _read_safetensors if path.suffix == SAFETENSORS else _read_pth
    try:
        content = read(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro train` makes it.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    except Exception as error:  # torch's have no base class, and advise to load unsafely
        raise _not_a_checkpoint(path, type(error).__name__) from None
    if not isinstance(content, dict) or not {"state_dict", "class_names"} <= content.keys():
        raise _not_a_checkpoint(path, "it has no state_dict with class_names")
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path} is a checkpoint of format {content.get('format', 0)}, but version "
            f"{__version__} reads format {FORMAT}; run `dvc repro train` to train it again, or "
            "read it with the version that wrote it."
        )
    try:
        preprocessing = Preprocessing.from_dict(content["preprocessing"])
        fields = {name: value for name, value in content.items() if name != "format"}
        return Checkpoint(**{**fields, "preprocessing": preprocessing})
    except (KeyError, TypeError, UserError) as error:
        raise _not_a_checkpoint(path, str(error)) from None


def _read_pth(path: Path) -> Any:
    with files.open_regular(path) as file:
        return torch.load(file, weights_only=True, map_location="cpu")


def _read_safetensors(path: Path) -> dict[str, Any]:
    files.open_regular(path).close()  # safetensors opens paths only, and would wait for a pipe
    with safetensors.safe_open(path, framework="pt") as file:
        content = json.loads(file.metadata()["checkpoint"])
        names = file.keys()
        return {**content, "state_dict": {name: file.get_tensor(name) for name in names}}


def library_versions() -> dict[str, str]:
    """What the bytes of a run depend on: versions, number of threads, processor features."""
    return {
        "emotion": __version__,
        **{package: version(package) for package in _PACKAGES},
        "torch_threads": str(torch.get_num_threads()),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def _not_a_checkpoint(path: Path, reason: str) -> UserError:
    reason = " ".join(reason.split())
    return UserError(
        f"{path} is not a checkpoint of this pipeline ({reason}); run `dvc repro train`."
    )
