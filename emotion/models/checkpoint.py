"""The checkpoint: weights together with everything that is needed to use them.

best_model.pth is enough to rebuild the network, its preprocessing and its class names, without
params.yaml. It contains plain types only, so `torch.load(..., weights_only=True)` reads it. The
same content as a safetensors file is for programs that accept no pickle.
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
from emotion.models.network_args import check_network, explain_value
from emotion.models.weights_files import check_tensors, read_pth
from emotion.models.weights_kinds import explain_failure, is_safetensors

FORMAT = 3  # of the file; raised when a field changes its meaning
SAFETENSORS = ".safetensors"
FORMER_NAMES = {"members": "ingredients"}  # of fields, in files that earlier versions wrote
_HINT = "run `dvc repro train`"
ORIGINS = ("pretrained", "random", "file")
_CONFIG = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=True)
_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")

Text = Annotated[str, Field(max_length=4000)]
Word = Annotated[str, Field(max_length=300)]
Setting = bool | int | float | Text | None


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class Checkpoint:
    """A trained network and everything that later stages need.

    Types and ranges are checked whenever one is created, from a file or by training.
    """

    model_type: Word  # as the user wrote it
    tag: Word  # what it resolved to
    architecture: Word  # a network that timm registers; building it needs nothing else
    args: dict[Word, Any]  # of timm's function for it, checked by `check_network`
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
    # The run's TrainParams, as a record: no code reads single settings, which come and go.
    params: dict[Word, Setting | list[Setting] | dict[Word, Setting]]
    history: dict[Word, list[float]]  # one value per epoch
    versions: dict[Word, Word]  # of this project and its libraries, threads, number formats
    state_dict: dict[str, Tensor]  # EMA weights where EMA was on
    # The runs whose weights are averaged (Wortsman et al., "Model soups", ICML 2022), the best
    # first; epoch, params and history are those of the best. Empty for a single run.
    ingredients: list[Word] = field(default_factory=list)

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
        """The network in evaluation mode, float32, on the CPU.

        Raises:
            UserError: the weights do not fit the architecture.
        """
        backbone = create_network(self.architecture, self.args, self.omitted)
        model = EmotionClassifier(backbone, self.head, len(self.class_names))
        try:
            model.load_state_dict(self.state_dict)
        except RuntimeError as error:
            problem = f"the checkpoint's weights do not fit {self.tag} ({_one_line(error)})"
            raise UserError(problem, "run `dvc repro train`") from None
        return model.eval()


def load_checkpoint(path: Path, name: str = "") -> Checkpoint:
    """Read what `Checkpoint.save` or `Checkpoint.save_safetensors` wrote, and check all of it.

    The file may come from an untrusted source. Its values are checked against the types of
    `Checkpoint`, its architecture and arguments by `check_network`, and its tensors against the
    network that these describe.

    Args:
        path: of the file; its content tells which of the two it is.
        name: what messages call it, if that is not its path.

    Raises:
        UserError: the file is missing, is no checkpoint, has another format, or has a value that
            no checkpoint of this pipeline has.
    """
    file = name or path
    with files.explaining_failed_reads(path, "correct the path, or run `dvc repro train`"):
        is_safe = is_safetensors(path)
    try:
        content = _read_safetensors(path) if is_safe else read_pth(path)
    except Exception as error:  # torch's have no base class, and advise to load unsafely
        raise _not_a_checkpoint(file, *explain_failure(path, error, _HINT)) from None
    if not isinstance(content, dict) or not {"state_dict", "class_names"} <= content.keys():
        raise _not_a_checkpoint(file, "it has no state_dict with class_names")
    if content.get("format") != FORMAT:
        found = shorten(repr(content.get("format", 0)))
        raise UserError(
            f"has format {found}, but version {__version__} reads {FORMAT}",
            "run `dvc repro train` to train it again, or read it with the version that wrote it",
            file=file,
        )
    try:
        checkpoint = _check_values(content)
        _check_weights(checkpoint)
    except ValueError as error:
        raise _not_a_checkpoint(file, str(error)) from None
    return checkpoint


def _check_values(content: dict[Any, Any]) -> Checkpoint:
    """The content of a file as a Checkpoint, of which the tensors are not checked yet."""
    values = {FORMER_NAMES.get(name, str(name)): content[name] for name in content}
    del values["format"]
    values["preprocessing"] = Preprocessing.from_dict(values.get("preprocessing"))
    try:
        checkpoint = Checkpoint(**values)
    except ValidationError as error:
        raise ValueError(explain_value(error)) from None
    lengths = {len(values) for values in checkpoint.history.values()}
    if len(lengths) > 1 or min(lengths, default=0) < checkpoint.epoch:
        raise ValueError(f"its history has not one value for each of {checkpoint.epoch} epochs")
    return checkpoint


def _check_weights(checkpoint: Checkpoint) -> None:
    """Raise a ValueError unless the network maps an image to one logit per class, and the tensors
    are exactly those of the network.

    No memory is allocated for the weights, whatever sizes the file gives.
    """
    architecture, args, omitted = checkpoint.architecture, checkpoint.args, checkpoint.omitted
    size, classes = checkpoint.preprocessing.img_size, len(checkpoint.class_names)
    check_network(architecture, args, omitted)
    try:
        backbone = create_network(architecture, args, omitted, "meta")
        with torch.device("meta"), torch.no_grad():
            model = EmotionClassifier(backbone, checkpoint.head, classes).eval()
            shape = tuple(model(torch.empty(1, 3, size, size)).shape)
    except Exception as error:  # of any architecture with any arguments
        reason = shorten(_one_line(error), 200)
        raise ValueError(f"timm cannot build {architecture} ({reason})") from None
    if shape != (1, classes):
        raise ValueError(f"its network gives {shape} for an image and {classes} classes")
    expected, found = (
        {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
        for tensors in (model.state_dict(), checkpoint.state_dict)
    )
    wrong = [name for name in expected | found if expected.get(name) != found.get(name)]
    if wrong:
        raise ValueError(
            f"its weights do not fit {checkpoint.tag}: {len(wrong)} of {len(expected)} tensors are "
            f"missing, not of the network, or of another shape or dtype "
            f"({shorten(', '.join(wrong[:3]))} ...)"
        )
    check_tensors(checkpoint.state_dict)


def _read_safetensors(path: Path) -> dict[str, Any]:
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if "checkpoint" not in metadata:
            raise ValueError("it has weights, but no description of the network and its classes")
        content = json.loads(metadata["checkpoint"])
        if not isinstance(content, dict):
            raise ValueError("its description is not an object")
        names = file.keys()
        return {**content, "state_dict": {name: file.get_tensor(name) for name in names}}


def library_versions() -> dict[str, str]:
    """Everything but the code and the data on which the bytes of a run depend.

    Versions of this project and of its libraries, number of threads, instruction set of the CPU.
    """
    return {
        "emotion": __version__,
        **{package: version(package) for package in _PACKAGES},
        "torch_threads": str(torch.get_num_threads()),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def _not_a_checkpoint(file: Path | str, reason: str, hint: str = _HINT) -> UserError:
    problem = f"is not a checkpoint of this pipeline ({_one_line(reason).removesuffix('.')})"
    return UserError(problem, hint, file=file)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
