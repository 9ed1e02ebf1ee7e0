"""Write a classifier as one ONNX file that needs no preprocessing code of ours.

The graph takes RGB in 0..1 and holds the normalization and the calibration, the two things that
users of a published model most often get wrong.
"""

import json
import warnings
from pathlib import Path

import onnx
import torch
from google.protobuf.message import Message
from torch import Tensor, nn

from emotion.data.transforms import luminance, normalize
from emotion.models.checkpoint import Checkpoint

OPSET = 18  # an older one is accepted and then ignored by torch's exporter for convolutional nets
INPUT, OUTPUTS = "images", ("logits", "probabilities")


class ServedClassifier(nn.Module):
    """Images (N, 3, H, W), RGB in 0..1, to logits and calibrated probabilities, both (N, C)."""

    def __init__(self, checkpoint: Checkpoint, temperature: float):
        super().__init__()
        self.model = checkpoint.build_model()
        self.mean, self.std = checkpoint.mean, checkpoint.std
        self.grayscale = checkpoint.grayscale
        self.temperature = temperature

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:  # noqa: D102, see the class
        if self.grayscale:
            images = luminance(images)
        logits = self.model(normalize(images, self.mean, self.std))
        return logits, torch.softmax(logits / self.temperature, dim=1)


def build_onnx(checkpoint: Checkpoint, temperature: float) -> onnx.ModelProto:
    """Trace the classifier into an ONNX graph with a free batch size.

    Args:
        checkpoint: the model; its class names, input side and tag go into the file's metadata.
        temperature: divides the logits before the softmax.

    Returns:
        A checked model that is the same, byte for byte, wherever it is built.
    """
    size = checkpoint.img_size
    with warnings.catch_warnings():
        # torch's exporter meets a deprecation of torch's own.
        warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated")
        program = torch.onnx.export(
            ServedClassifier(checkpoint, temperature).eval(),
            (torch.zeros(2, 3, size, size),),  # a batch of 1 would be taken for a constant
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            external_data=False,
            verbose=False,
        )
    model = program.model_proto
    _strip(model)
    model.producer_version = model.producer_version.split("+")[0]  # CPU or CUDA: one graph
    facts = {
        "class_names": json.dumps(checkpoint.class_names),
        "img_size": str(size),
        "tag": checkpoint.tag,
        "temperature": repr(temperature),
    }
    onnx.helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    return model


def opset_of(model: onnx.ModelProto) -> int:
    """The opset of the standard operators that the file really uses."""
    return next(entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"})


def save_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Serialize with sorted maps."""
    path.write_bytes(model.SerializeToString(deterministic=True))


def _strip(message: Message) -> None:
    """Drop doc strings and metadata at every level.

    The exporter notes the Python stack of each node there: paths of the machine that exported.
    """
    for descriptor, value in message.ListFields():
        if descriptor.name in {"doc_string", "metadata_props"}:
            message.ClearField(descriptor.name)
        elif descriptor.message_type is not None:
            for item in value if descriptor.is_repeated else [value]:
                _strip(item)
