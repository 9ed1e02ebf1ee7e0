"""The content of the ONNX file: a network and metadata that need no code of this project.

The graph takes RGB in 0..1 and contains the normalization and the calibration, the two steps that
users of a published model most often get wrong. The metadata holds the rest: class names,
preprocessing, the confidence below which a prediction is uncertain, the origin of the model.
"""

import json
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from emotion.core.reports import Calibration
from emotion.core.version import __version__
from emotion.data.transforms import luminance, normalize
from emotion.export.graph import check_graph
from emotion.export.license import License
from emotion.models.checkpoint import Checkpoint
from emotion.models.flip_average import average_flips

METADATA_FORMAT = "1"  # raised when a key of `describe_model` changes its meaning


class ServedClassifier(nn.Module):
    """Images (N, 3, H, W), RGB in 0..1, to logits and calibrated probabilities, both (N, C).

    The network is built from the checkpoint, so it has no hooks and can be modified.
    """

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


def describe_model(
    checkpoint: Checkpoint, calibration: Calibration, model_hash: str, license: License
) -> dict[str, str]:
    """The `metadata_props` of the file: everything that prediction needs in addition to the graph.

    Args:
        checkpoint: that is exported.
        calibration: that is exported.
        model_hash: SHA-256 of the checkpoint's file.
        license: of the model.
    """
    threshold, target_error = calibration.threshold, calibration.target_error
    return {
        "format": METADATA_FORMAT,
        "version": __version__,
        "tag": checkpoint.tag,
        "model_sha256": model_hash,
        "license": license.identifier,
        "license_link": license.link,
        "class_names": json.dumps(checkpoint.class_names),
        "preprocessing": checkpoint.preprocessing.to_json(),
        "temperature": repr(calibration.temperature),
        "threshold": "" if threshold is None else repr(threshold),
        "target_error": "" if target_error is None else repr(target_error),
        "synthetic_fraction": repr(checkpoint.synthetic_fraction),
    }


def save_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Serialize with sorted maps, so that equal models give equal bytes.

    Raises:
        ValueError: the graph is not valid; nothing is written.
    """
    check_graph(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
