"""Load model.onnx: everything that prediction needs is in the one file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from emotion.core.errors import UserError
from emotion.core.preprocessing import Preprocessing
from emotion.prediction.model import Model

_FORMAT = "1"  # of the metadata that export_onnx writes
_INPUT, _OUTPUT = "images", "probabilities"


def load_onnx(path: Path, threads: int) -> Model:
    """A model on the CPU, that computes with so many threads; 0 for one per core.

    Raises:
        UserError: the file cannot be read, or the stage export_onnx did not write it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # fatal only: errors are raised, and reported by us
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors share no base class
        reason = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as an ONNX model ({reason}).") from None
    metadata = session.get_modelmeta().custom_metadata_map
    if metadata.get("format") != _FORMAT:
        raise UserError(
            f"{path} has metadata of format {metadata.get('format', 'none')}, but this version "
            f"reads format {_FORMAT}; export the model with `dvc repro export_onnx`."
        )
    try:
        class_names = json.loads(metadata["class_names"])
        preprocessing = Preprocessing.from_json(metadata["preprocessing"])
        synthetic_fraction = float(metadata["synthetic_fraction"])
        threshold = _read_share(metadata, "threshold")
        target_error = _read_share(metadata, "target_error")
        _check_graph(session, class_names, preprocessing)
    except (KeyError, ValueError) as error:  # a UserError is a ValueError
        raise UserError(f"{path} has damaged metadata ({error}); export it again.") from None

    def probabilities(images: np.ndarray) -> np.ndarray:
        result: np.ndarray = session.run([_OUTPUT], {_INPUT: images})[0]
        return result

    return Model(
        class_names=class_names,
        preprocessing=preprocessing,
        synthetic_fraction=synthetic_fraction,
        probabilities=probabilities,
        batch_size=8,
        threshold=threshold,
        target_error=target_error,
    )


def _read_share(metadata: dict[str, str], key: str) -> float | None:
    """A number in 0..1, or None; files of earlier versions lack the key."""
    if not (text := metadata.get(key)):
        return None
    if not 0 <= float(text) <= 1:
        raise ValueError(f"{key} is {text}, not between 0 and 1")
    return float(text)


def _check_graph(
    session: onnxruntime.InferenceSession, class_names: Any, preprocessing: Preprocessing
) -> None:
    """Raise a ValueError unless the graph has the input size and the classes of the metadata."""
    shapes = {value.name: value.shape[1:] for value in session.get_inputs()}
    shapes |= {value.name: value.shape[1:] for value in session.get_outputs()}
    size = preprocessing.img_size
    if not isinstance(class_names, list) or not all(isinstance(n, str) for n in class_names):
        raise ValueError("class_names is not a list of names")
    if shapes.get(_INPUT) != [3, size, size]:
        raise ValueError(f"{_INPUT} has shape {shapes.get(_INPUT)}, not [3, {size}, {size}]")
    if shapes.get(_OUTPUT) != [len(class_names)]:
        raise ValueError(f"{_OUTPUT} has shape {shapes.get(_OUTPUT)}, not [{len(class_names)}]")
