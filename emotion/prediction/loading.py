"""Load a model, whatever its file: an ONNX file, a checkpoint, or a Hub folder with either."""

from pathlib import Path

from emotion.core.errors import UserError
from emotion.prediction.model import Model

ONNX_NAME, CHECKPOINT_NAMES = "model.onnx", ("best_model.pth", "model.safetensors")  # of a folder
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".safetensors")


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
