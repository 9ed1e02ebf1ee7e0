"""From image files to predictions, in batches; a file that cannot be read is reported as such."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from emotion.core.errors import UserError
from emotion.core.images import SUFFIXES
from emotion.prediction.model import Model

BATCH = 32  # images in memory at a time


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The answer for one file: probabilities, or why there are none."""

    path: Path
    probabilities: dict[str, float]  # by class, in the model's order; empty after an error
    uncertain: bool = False  # the highest probability is below the model's threshold
    error: str = ""

    @property
    def label(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


def predict(model: Model, paths: Iterable[Path], batch_size: int = BATCH) -> Iterator[Prediction]:
    """Predictions in the order of the paths, each batch as soon as it is computed."""
    remaining = iter(paths)
    while batch := list(islice(remaining, batch_size)):
        yield from predict_batch(model, batch)


def predict_batch(model: Model, paths: list[Path]) -> list[Prediction]:
    """Predictions of a few files, in their order."""
    images: dict[int, np.ndarray] = {}
    errors: dict[int, str] = {}
    for index, path in enumerate(paths):
        try:
            images[index] = read_input(model, path)
        except UserError as error:
            errors[index] = str(error)
    rows = model.probabilities(np.stack(list(images.values()))) if images else np.empty((0, 0))
    answers = dict(zip(images, rows.tolist(), strict=True))
    return [
        Prediction(
            path=path,
            probabilities=dict(zip(model.class_names, answers.get(index, ()), strict=False)),
            uncertain=index in answers and max(answers[index]) < (model.threshold or 0),
            error=errors.get(index, ""),
        )
        for index, path in enumerate(paths)
    ]


def read_input(model: Model, path: Path) -> np.ndarray:
    """One image as the network takes it, before normalization: float32 (3, H, W), RGB in 0..1."""
    if path.is_dir():
        raise UserError(f"{path} has no images; known suffixes: {', '.join(sorted(SUFFIXES))}.")
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is not a regular file.")  # reading a pipe would wait forever
    crop = model.preprocessing.center_crop(model.preprocessing.read(path))
    rgb = np.broadcast_to(crop, (3, *crop.shape[1:]))
    return rgb.astype(np.float32) / 255
