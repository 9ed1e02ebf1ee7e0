"""Write a classifier as one ONNX file that needs no code of this project.

The graph takes RGB in 0..1 and contains the normalization and the calibration, the two steps that
users of a published model most often get wrong. The metadata of the file holds the rest: class
names, preprocessing, and the confidence below which an answer is uncertain.
"""

import json
import warnings
from pathlib import Path

import onnx
import torch
from google.protobuf.message import Message
from torch import Tensor, nn

from emotion.core.reports import Calibration
from emotion.core.version import __version__
from emotion.data.transforms import luminance, normalize
from emotion.models.checkpoint import Checkpoint
from emotion.models.flip_average import average_flips

OPSET = 18  # torch's exporter accepts an older one, then ignores it for convolutional networks
METADATA_FORMAT = "1"  # raised when a key of `_metadata` changes its meaning
INPUT, OUTPUTS = "images", ("logits", "probabilities")


class ServedClassifier(nn.Module):
    """Images (N, 3, H, W), RGB in 0..1, to logits and calibrated probabilities, both (N, C)."""

    def __init__(self, checkpoint: Checkpoint, calibration: Calibration) -> None:
        super().__init__()
        self.model = average_flips(checkpoint.build_model(), calibration.flip)
        self.preprocessing = checkpoint.preprocessing
        self.temperature = calibration.temperature

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:  # noqa: D102, see the class
        if self.preprocessing.grayscale:
            images = luminance(images)
        logits = self.model(normalize(images, self.preprocessing))
        return logits, torch.softmax(logits / self.temperature, dim=1)


def build_onnx(checkpoint: Checkpoint, calibration: Calibration) -> onnx.ModelProto:
    """Trace the classifier into an ONNX graph with a free batch size.

    Args:
        checkpoint: the model; its class names and preprocessing are written to the metadata.
        calibration: its temperature divides the logits before the softmax; with `flip`, they are
            the mean over an image and its mirror image.

    Returns:
        A checked model; it has the same bytes on every machine.
    """
    size = checkpoint.preprocessing.img_size
    with warnings.catch_warnings():
        # torch's exporter calls a function that torch itself has deprecated.
        warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated")
        program = torch.onnx.export(
            ServedClassifier(checkpoint, calibration).eval(),
            (torch.zeros(2, 3, size, size),),  # the exporter would treat a batch of 1 as constant
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
            external_data=False,
            verbose=False,
        )
    assert program is not None  # only `dynamo=False` returns None
    model = program.model_proto
    _strip(model)
    model.producer_version = model.producer_version.split("+")[0]  # same bytes for CPU and CUDA
    onnx.helper.set_model_props(model, _metadata(checkpoint, calibration))
    onnx.checker.check_model(model, full_check=True)
    return model


def opset_of(model: onnx.ModelProto) -> int:
    """The opset that the file declares for the standard operators."""
    standard = (e.version for e in model.opset_import if e.domain in {"", "ai.onnx"})
    return int(next(standard))


def save_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Serialize with sorted maps, so that equal models give equal bytes."""
    path.write_bytes(model.SerializeToString(deterministic=True))


def _metadata(checkpoint: Checkpoint, calibration: Calibration) -> dict[str, str]:
    """The `metadata_props` of the file: everything that prediction needs beside the graph."""
    threshold, target_error = calibration.threshold, calibration.target_error
    return {
        "format": METADATA_FORMAT,
        "version": __version__,
        "tag": checkpoint.tag,
        "class_names": json.dumps(checkpoint.class_names),
        "preprocessing": checkpoint.preprocessing.to_json(),
        "temperature": repr(calibration.temperature),
        "threshold": "" if threshold is None else repr(threshold),
        "target_error": "" if target_error is None else repr(target_error),
        "synthetic_fraction": repr(checkpoint.synthetic_fraction),
    }


def _strip(message: Message) -> None:
    """Delete doc strings and metadata at every level.

    The exporter writes the Python stack of each node there, with paths of the exporting machine.
    """
    for descriptor, value in message.ListFields():
        if descriptor.name in {"doc_string", "metadata_props"}:
            message.ClearField(descriptor.name)
        elif descriptor.message_type is not None:
            for item in value if descriptor.is_repeated else [value]:
                _strip(item)
