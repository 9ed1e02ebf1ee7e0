"""The checkpoint: weights that describe themselves.

best_model.pth is enough to rebuild the network, its preprocessing and its class names, without
params.yaml. It holds plain types only, so `torch.load(..., weights_only=True)` reads it. The same
content as a safetensors file is for readers that take no pickle at all.
"""

import dataclasses
import json
from dataclasses import field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import safetensors
import safetensors.torch
import torch
from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import one_of
from emotion.core.reports import Share
from emotion.core.text import shorten
from emotion.core.version import __version__
from emotion.data.labels import check_class_names
from emotion.data.preprocessing import Preprocessing
from emotion.models.backbones import create_network
from emotion.models.classifier import HEADS, EmotionClassifier
from emotion.models.weights_files import check_tensors, read_pth

FORMAT = 3  # of the file; raised when a field changes its meaning
SAFETENSORS = ".safetensors"
ORIGINS = ("pretrained", "random", "file")
_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")

Text = Annotated[str, Field(max_length=4000)]
Word = Annotated[str, Field(max_length=300)]
Setting = bool | int | float | Text | None


@dataclass(
    frozen=True,
    kw_only=True,
    config=ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True),
)
class Checkpoint:
    """A trained network and everything a later stage needs to know of it.

    Types and ranges are checked whenever one is made, from a file or by training.
    """

    model_type: Word  # as the user wrote it
    tag: Word  # what it resolved to
    architecture: Word  # a network that timm registers; building it needs nothing else
    args: dict[Word, Any]  # of timm's function for it, held to `network_args.NetworkArgs`
    omitted: list[Word]  # its modules that are left out
    head: Annotated[str, one_of(HEADS)]
    # In the order of the logits.
    class_names: Annotated[list[str], AfterValidator(check_class_names)]
    preprocessing: Preprocessing
    weights: Annotated[str, one_of(ORIGINS)]  # what training started from
    weights_source: Text
    synthetic_fraction: Share  # of the training images that are not photographs
    data_hash: Word  # manifest.hash_images of the splits train and val
    epoch: Annotated[int, Field(ge=1, le=100_000)]  # that was kept, from 1
    monitor: Literal["macro_f1", "accuracy"]  # the validation metric that selected it
    best_value: Share
    val_macro_f1: Share
    val_accuracy: Share
    params: dict[Word, Setting | list[Setting] | dict[Word, Setting]]  # TrainParams of the run
    history: dict[Word, list[float]]  # one value per epoch
    versions: dict[Word, Word]  # of this project and its libraries, threads, number formats
    state_dict: dict[str, Tensor]  # EMA weights where EMA was on
    # The runs whose weights are averaged, the best first; epoch, params and history are its own.
    members: list[Word] = field(default_factory=list)

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
    """Read what `Checkpoint.save` or `Checkpoint.save_safetensors` wrote, and check all of it.

    The file may come from a stranger. What it says is held to the types of `Checkpoint`, its
    architecture and arguments to `check_network`, and its tensors to the network that they make.

    Raises:
        UserError: the file is missing, is no checkpoint, has another format, or has a value that
            no checkpoint of this pipeline has.
    """
    read = _read_safetensors if path.suffix == SAFETENSORS else read_pth
    try:
        content = read(path)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro train` makes it.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UserError as error:
        raise _not_a_checkpoint(path, str(error)) from None
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
        checkpoint = _check_values(content)
        _check_weights(checkpoint)
    except UserError as error:
        raise _not_a_checkpoint(path, str(error).removesuffix(".")) from None
    return checkpoint


def _check_values(content: dict[Any, Any]) -> Checkpoint:
    """The content of a file as a Checkpoint, of which the tensors are not checked yet."""
    values = {name: value for name, value in content.items() if name != "format"}
    values["preprocessing"] = Preprocessing.from_dict(values.get("preprocessing"))
    try:
        checkpoint = Checkpoint(**{str(name): value for name, value in values.items()})
    except ValidationError as error:
        item = error.errors(include_url=False, include_context=False)[0]
        reason = item["msg"].removeprefix("Value error, ")
        raise UserError(f"{'.'.join(map(str, item['loc']))}: {reason}") from None
    lengths = {len(values) for values in checkpoint.history.values()}
    if len(lengths) > 1 or min(lengths, default=0) < checkpoint.epoch:
        raise UserError(f"its history has not one value for each of {checkpoint.epoch} epochs")
    return checkpoint


def _check_weights(checkpoint: Checkpoint) -> None:
    """Raise unless the network takes an image and gives the classes, and the tensors are its own.

    Nothing is allocated for it, whatever sizes the file asks for.
    """
    size, classes = checkpoint.preprocessing.img_size, len(checkpoint.class_names)
    try:
        backbone = create_network(
            checkpoint.architecture, checkpoint.args, checkpoint.omitted, "meta"
        )
        with torch.device("meta"), torch.no_grad():
            model = EmotionClassifier(backbone, checkpoint.head, classes).eval()
            shape = tuple(model(torch.empty(1, 3, size, size)).shape)
    except UserError:
        raise
    except Exception as error:  # of any architecture with any arguments
        reason = shorten(" ".join(str(error).split()), 200)
        raise UserError(f"timm cannot build {checkpoint.architecture} ({reason})") from None
    if shape != (1, classes):
        raise UserError(f"its network gives {shape} for an image and {classes} classes")
    expected = model.state_dict()
    wrong = [
        name
        for name in {**expected, **checkpoint.state_dict}
        if _form(expected.get(name)) != _form(checkpoint.state_dict.get(name))
    ]
    if wrong:
        raise UserError(
            f"its weights do not fit {checkpoint.tag}: {len(wrong)} of {len(expected)} tensors are "
            f"missing, not of the network, or of another form ({shorten(', '.join(wrong[:3]))} ...)"
        )
    check_tensors(checkpoint.state_dict)


def _form(tensor: Tensor | None) -> tuple[Any, ...] | None:
    return None if tensor is None else (tensor.shape, tensor.dtype)


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
