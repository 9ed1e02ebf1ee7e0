"""Load model.onnx, in which everything lies that prediction needs, and check all of it."""

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.data.labels import check_class_names
from emotion.data.preprocessing import Preprocessing
from emotion.prediction.model import Model

_FORMAT = "1"  # of the metadata that export_onnx writes
_INPUT, _OUTPUT = "images", "probabilities"
_FLOAT = "tensor(float)"
LONGEST_RUN = 60.0  # seconds for the first image; a graph may have a loop without an end


def load_onnx(path: Path, threads: int) -> Model:
    """A model on the CPU, that computes with so many threads; 0 for one per core.

    Raises:
        UserError: the file cannot be read, its metadata and graph are not those that the stage
            export_onnx writes, or it needs more than LONGEST_RUN for an image.
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
        class_names = check_class_names(json.loads(metadata["class_names"]))
        preprocessing = Preprocessing.from_json(metadata["preprocessing"])
        synthetic_fraction = _read_share(metadata, "synthetic_fraction")
        threshold = _read_share(metadata, "threshold") if metadata.get("threshold") else None
        target_error = (
            _read_share(metadata, "target_error") if metadata.get("target_error") else None
        )
    except KeyError as error:
        raise UserError(f"{path} has damaged metadata (no {error}); export it again.") from None
    except (ValueError, RecursionError) as error:  # a UserError is a ValueError
        reason = " ".join(str(error).split()).removesuffix(".")
        raise UserError(f"{path} has damaged metadata ({reason}); export it again.") from None
    try:
        _check_graph(session, len(class_names), preprocessing.img_size)
        _try_once(session, preprocessing.img_size)
    except Exception as error:  # of the runtime, as above
        reason = shorten(" ".join(str(error).split()), 300).removesuffix(".")
        raise UserError(f"{path} is not a graph of this pipeline ({reason}).") from None

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


def _read_share(metadata: dict[str, str], key: str) -> float:
    """A number in 0..1; `threshold` and `target_error` may be empty or missing."""
    text = metadata[key]
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{key} is {shorten(repr(text))}, not a number between 0 and 1")
    return value


def _check_graph(session: onnxruntime.InferenceSession, classes: int, size: int) -> None:
    """Raise a ValueError unless the graph takes images and gives the classes of the metadata."""
    inputs = {value.name: value for value in session.get_inputs()}
    outputs = {value.name: value for value in session.get_outputs()}
    if list(inputs) != [_INPUT]:
        raise ValueError(f"its inputs are {shorten(', '.join(inputs))}, not {_INPUT} alone")
    if _OUTPUT not in outputs:
        raise ValueError(f"its outputs are {shorten(', '.join(outputs))}, without {_OUTPUT}")
    for value, expected in ((inputs[_INPUT], [3, size, size]), (outputs[_OUTPUT], [classes])):
        if value.type != _FLOAT:
            raise ValueError(f"{value.name} is of type {value.type}, not {_FLOAT}")
        batch, *shape = value.shape or [0]
        if shape != expected:
            raise ValueError(f"{value.name} has shape {shape}, not {expected}")
        if isinstance(batch, int):
            raise ValueError(f"{value.name} takes batches of {batch} only")


def _try_once(session: onnxruntime.InferenceSession, size: int) -> None:
    """Classify a black image, to find a graph that does not run or does not end."""
    options: Any = onnxruntime.RunOptions()
    options.log_severity_level = 4
    timer = threading.Timer(LONGEST_RUN, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        session.run([_OUTPUT], {_INPUT: np.zeros((1, 3, size, size), np.float32)}, options)
    except Exception:
        if options.terminate:
            raise ValueError(f"an image takes more than {LONGEST_RUN:g} s") from None
        raise
    finally:
        timer.cancel()
