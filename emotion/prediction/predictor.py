"""The Python API: load a model, classify images, or the faces in them.

predictor = Predictor.load("models/model.onnx")
print(predictor.predict("face.jpg").label)
for answer in predictor.predict_faces("party.jpg"):
    print(answer.face.box, answer.label, answer.confidence)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from emotion.core.errors import UserError
from emotion.data.face_detector import MIN_FACE, Face, FaceDetector
from emotion.prediction.crops import crop_face
from emotion.prediction.loading import load_model
from emotion.prediction.model import Model
from emotion.prediction.result import Prediction
from emotion.prediction.sources import AnyImage, Source, open_image


@dataclass(frozen=True)
class Answered:
    """A source, the predictions for it, and its image where that is kept."""

    source: Source
    image: Image.Image | None
    predictions: list[Prediction]


class Predictor:
    """A trained model that takes images in any form; may be called from several threads."""

    def __init__(self, model: Model, max_pixels: int | None = None) -> None:
        self.model, self.max_pixels = model, max_pixels

    @classmethod
    def load(cls, path: str | Path, threads: int = 0, max_pixels: int | None = None) -> Self:
        """Load an ONNX file, a checkpoint, or a Hub folder with either of them.

        Args:
            path: of the model.
            threads: that one call computes with; 0 for one per core.
            max_pixels: of the largest image that is decoded; None takes Pillow's limit.

        Raises:
            UserError: there is no such file, or it is not a model of this pipeline.
        """
        return cls(load_model(Path(path), threads), max_pixels)

    def predict(self, image: AnyImage) -> Prediction:
        """Classify one image of a face.

        Args:
            image: a path, the bytes of a file, an RGB array (H, W, 3) of uint8, or a Pillow image.

        Raises:
            UserError: the image cannot be read.
        """
        [prediction] = self.predict_batch([image])
        if prediction.error:
            raise UserError(prediction.error)
        return prediction

    def predict_batch(self, images: Sequence[AnyImage]) -> list[Prediction]:
        """Classify images; for one that cannot be read, `error` says why."""
        sources, size = [Source.of(image) for image in images], self.model.batch_size
        batches = [sources[start : start + size] for start in range(0, len(sources), size)]
        answers = (answer for batch in batches for answer in self.answer(batch))
        return [prediction for answer in answers for prediction in answer.predictions]

    def predict_faces(self, image: AnyImage, min_face: float = MIN_FACE) -> list[Prediction]:
        """Find the faces of an image, from the left to the right, and classify each.

        Args:
            image: as for `predict`.
            min_face: smallest longer side of a face, pixels.

        Returns:
            Predictions with their `face`; none where no face is found.

        Raises:
            UserError: the image cannot be read.
        """
        [answer] = self.answer([Source.of(image)], min_face)
        for prediction in answer.predictions:
            if prediction.error:
                raise UserError(prediction.error)
        return answer.predictions

    def answer(
        self,
        sources: Sequence[Source],
        min_face: float | None = None,
        keep_images: bool = False,
    ) -> list[Answered]:
        """Read, find faces if `min_face` is given, and classify all of them in one batch.

        Args:
            sources: one batch.
            min_face: as for `predict_faces`; None classifies whole images.
            keep_images: whether the result has the images, a hundred megabytes each if they are
                photographs; otherwise one at a time is in memory.
        """
        opened = [self._open(source, min_face, keep_images) for source in sources]
        views = [view for _, faces in opened for _, view in faces]
        rows = iter(self.model.probabilities(np.stack(views)).tolist() if views else [])
        answers = []
        for (answer, faces), source in zip(opened, sources, strict=True):
            predictions = [self._predict(source, face, next(rows)) for face, _ in faces]
            answers.append(replace(answer, predictions=answer.predictions + predictions))
        return answers

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector()

    def _open(
        self, source: Source, min_face: float | None, keep_image: bool
    ) -> tuple[Answered, list[tuple[Face | None, np.ndarray]]]:
        """The image and its views; an answer with an error if it cannot be read."""
        try:
            image = open_image(source, self.max_pixels)
        except UserError as error:
            failed = Prediction(
                image=source.name, probabilities={}, time=source.time, error=str(error)
            )
            return Answered(source, None, [failed]), []
        faces: list[tuple[Face | None, Image.Image]] = [(None, image)]
        if min_face is not None:
            found = self._detector.detect(image, min_face)
            faces = [(face, crop_face(image, face)) for face in found]
        views = [(face, self.model.view(crop)) for face, crop in faces]
        return Answered(source, image if keep_image else None, []), views

    def _predict(self, source: Source, face: Face | None, row: list[float]) -> Prediction:
        return Prediction(
            image=source.name,
            probabilities=dict(zip(self.model.class_names, row, strict=True)),
            uncertain=max(row) < (self.model.threshold or 0),
            face=face,
            time=source.time,
        )
