"""A trained model, whatever its file: its classes, its preprocessing, and its probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.core.errors import UserError
from emotion.core.preprocessing import Preprocessing

ONNX_NAME, CHECKPOINT_NAMES = "model.onnx", ("best_model.pth", "model.safetensors")  # of a folder
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".safetensors")


@dataclass(frozen=True, kw_only=True)
class Model:
    """What prediction needs of a model file."""

    class_names: list[str]
    preprocessing: Preprocessing
    synthetic_fraction: float  # share of the training images that are not photographs
    # float32 images (N, 3, H, W), RGB in 0..1, to calibrated probabilities (N, C)
    probabilities: Callable[[np.ndarray], np.ndarray]
    batch_size: int  # images in one pass with which a single core is fastest
    threshold: float | None  # a prediction with a lower top probability is uncertain
    target_error: float | None  # error rate of the other predictions for which it was chosen

    def view(self, image: Image.Image) -> np.ndarray:
        """An RGB image as `probabilities` takes it: float32 (3, H, W), RGB in 0..1."""
        crop = self.preprocessing.center_crop(self.preprocessing.prepare(image))
        rgb = np.broadcast_to(crop, (3, *crop.shape[1:]))
        return np.divide(rgb, np.float32(255), dtype=np.float32)


def load_model(path: Path, threads: int = 0) -> Model:
    """Load an ONNX file, a checkpoint, or a Hub folder with either of them.

    Args:
        path: of the model.
        threads: that one call computes with; 0 for one per core.

    Raises:
        UserError: there is no such file, or it is not a model of this pipeline.
    """
    if path.is_dir():
        path = _find_in_folder(path)
    if not path.is_file():
        state = "is not a regular file" if path.exists() else "does not exist"
        raise UserError(
            f"{path} {state}; `dvc repro` makes models/model.onnx, or give an ONNX file, a "
            "checkpoint or a Hub folder with --model."
        )
    if path.suffix == ".onnx":
        from emotion.prediction.onnx_file import load_onnx

        return load_onnx(path, threads)
    if path.suffix in CHECKPOINT_SUFFIXES:
        # Not at the top: torch takes seconds to import, and an ONNX file does not need it.
        try:
            from emotion.prediction.checkpoint_file import load_checkpoint_file
        except ImportError as error:
            raise UserError(
                f"{path} is a checkpoint, which needs {error.name}; install the training "
                f"dependencies (`pip install 'emotion-pipeline[train]'`) or use {ONNX_NAME}."
            ) from None
        return load_checkpoint_file(path, threads)
    raise UserError(
        f"{path} is not a model; give an ONNX file (.onnx), a checkpoint "
        f"({', '.join(CHECKPOINT_SUFFIXES)}) or a Hub folder."
    )


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that a model file is, or that a Hub folder has.

    Raises:
        UserError: there is none.
    """
    candidates = [path / name for name in CHECKPOINT_NAMES] if path.is_dir() else [path]
    for found in candidates:
        if found.suffix in CHECKPOINT_SUFFIXES and found.is_file():
            return found
    raise UserError(
        f"{path} is no checkpoint, and only a checkpoint can be explained; give --model "
        f"models/{CHECKPOINT_NAMES[0]}."
    )


def _find_in_folder(folder: Path) -> Path:
    names = (ONNX_NAME, *CHECKPOINT_NAMES)
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UserError(f"{folder} has none of {', '.join(names)}; give a Hub folder.")
