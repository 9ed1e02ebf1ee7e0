"""Load model.onnx, which has all that prediction needs, and check its metadata and its graph."""

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
_EXPORT = "export the model with `dvc repro export_onnx`"
LONGEST_RUN = 60.0  # seconds for the first image; a graph may have a loop without an end


def load_onnx(path: Path, threads: int) -> Model:
    """A model on the CPU.

    Args:
        path: of the ONNX file.
        threads: number per call; 0 for one per core.

    Raises:
        UserError: the file cannot be read, its metadata and graph are not those that the stage
            export_onnx writes, or it needs more than LONGEST_RUN for an image.
    """
    session = _open_session(path, threads)
    model = _build_model(session, path)
    try:
        _check_shapes(session, len(model.class_names), model.preprocessing.img_size)
        _run_once(session, model.preprocessing.img_size)
    except Exception as error:  # the runtime's errors share no base class
        problem = f"is not a graph of this pipeline ({_reason_of(error)})"
        raise UserError(problem, _EXPORT, file=path) from None
    return model


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # fatal only: other errors are raised
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        problem = f"cannot be read as an ONNX model ({_reason_of(error)})"
        raise UserError(problem, _EXPORT, file=path) from None


def _reason_of(error: Exception) -> str:
    return shorten(" ".join(str(error).split()), 300).removesuffix(".")


def _build_model(session: onnxruntime.InferenceSession, path: Path) -> Model:
    """The model with the metadata of the file; its graph is not checked yet."""
    values = session.get_modelmeta().custom_metadata_map

    def probabilities(images: np.ndarray) -> np.ndarray:
        result: np.ndarray = session.run([_OUTPUT], {_INPUT: images})[0]
        return result

    try:
        if (found := values.get("format", "none")) != _FORMAT:
            raise ValueError(f"format {found}, but this version reads format {_FORMAT}")
        return Model(
            class_names=check_class_names(json.loads(values["class_names"])),
            preprocessing=Preprocessing.from_json(values["preprocessing"]),
            synthetic_fraction=_read_fraction("synthetic_fraction", values["synthetic_fraction"]),
            probabilities=probabilities,
            batch_size=8,
            threshold=_read_optional_fraction("threshold", values),
            target_error=_read_optional_fraction("target_error", values),
        )
    except (KeyError, ValueError, RecursionError) as error:  # a UserError is a ValueError
        reason = f"no {error}" if isinstance(error, KeyError) else _reason_of(error)
        raise UserError(f"has unusable metadata ({reason})", _EXPORT, file=path) from None


def _read_optional_fraction(key: str, values: dict[str, str]) -> float | None:
    """None if the value is empty or missing."""
    return _read_fraction(key, values[key]) if values.get(key) else None


def _read_fraction(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{key} is {shorten(repr(text))}, not a number between 0 and 1")
    return value


def _check_shapes(session: onnxruntime.InferenceSession, classes: int, size: int) -> None:
    """Raise a ValueError unless inputs and outputs have the sizes of the metadata."""
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


def _run_once(session: onnxruntime.InferenceSession, size: int) -> None:
    """Classify a black image, to detect a graph that does not run or does not end."""
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
