"""Load a model from an ONNX file, a checkpoint, or a Hub folder that has one of them."""

from pathlib import Path

from emotion.core.errors import UserError
from emotion.prediction.addresses import address_error, is_address
from emotion.prediction.model import Model

ONNX_NAME, CHECKPOINT_NAMES = "model.onnx", ("best_model.pth", "model.safetensors")  # of a folder
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".safetensors")
_HINT = f"give an ONNX file, a checkpoint ({', '.join(CHECKPOINT_SUFFIXES)}) or a Hub folder"


def load_model(path: Path, threads: int = 0) -> Model:
    """Load an ONNX file, a checkpoint, or a Hub folder with either of them.

    Args:
        path: of the model; in a folder, model.onnx is preferred.
        threads: number per call; 0 for one per core.

    Raises:
        UserError: there is no such file, or it is not a model of this pipeline.
    """
    names = (ONNX_NAME, *CHECKPOINT_NAMES)
    found = _find(path, names)
    if not found.is_file():
        kind = f"has none of {', '.join(names)}" if found.is_dir() else "is not a regular file"
        raise UserError(kind, _HINT, file=path)
    if found.suffix == ".onnx":
        from emotion.prediction.onnx_file import load_onnx

        return load_onnx(found, threads)
    if found.suffix not in CHECKPOINT_SUFFIXES:
        raise UserError("is not a model", _HINT, file=path)
    # Not at the top: torch takes seconds to import, and an ONNX file does not need it.
    try:
        from emotion.prediction.checkpoint_file import load_checkpoint_file
    except ImportError as error:
        hint = f"run `pip install 'emotion-pipeline[train]'` or use {ONNX_NAME}"
        raise UserError(f"is a checkpoint; it needs {error.name}", hint, file=path) from None
    return load_checkpoint_file(found, threads)


def find_checkpoint(path: Path) -> Path:
    """The checkpoint at `path`, or in a Hub folder at `path`.

    Raises:
        UserError: there is none.
    """
    found = _find(path, CHECKPOINT_NAMES)
    if not found.is_file() or found.suffix not in CHECKPOINT_SUFFIXES:
        problem = "is not a checkpoint, and only a checkpoint can be explained"
        raise UserError(problem, f"give --model models/{CHECKPOINT_NAMES[0]}", file=path)
    return found


def _find(path: Path, names: tuple[str, ...]) -> Path:
    """The first of the names that is in a folder; `path` itself if none is, or it is a file.

    Raises:
        UserError: there is no such path.
    """
    if is_address(path):
        raise address_error(path)
    if not path.exists():
        raise UserError("does not exist", f"{_HINT}, or run `dvc repro`", file=path)
    return next((path / name for name in names if (path / name).is_file()), path)
