"""The Python API: load a model, classify images, or the faces in them.

predictor = Predictor.load("models/model.onnx")
print(predictor.predict("face.jpg").label)
for prediction in predictor.predict_faces("party.jpg"):
    print(prediction.face.box, prediction.label, prediction.confidence)
"""

from collections.abc import Sequence
from dataclasses import replace
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
from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.sources import AnyImage, Source, open_image


class Predictor:
    """A trained model for images in any form; may be called from several threads."""

    def __init__(self, model: Model, max_pixels: int | None = None) -> None:
        self.model, self.max_pixels = model, max_pixels

    @classmethod
    def load(cls, path: str | Path, threads: int = 0, max_pixels: int | None = None) -> Self:
        """Load an ONNX file, a checkpoint, or a Hub folder with either of them.

        Args:
            path: of the model.
            threads: number per call; 0 for one per core.
            max_pixels: of the largest image that is decoded; None for Pillow's limit.

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
        [prediction] = self._predict_one(image)
        return prediction

    def predict_batch(self, images: Sequence[AnyImage]) -> list[Prediction]:
        """Classify many images, in batches of the model's size.

        Args:
            images: each as for `predict`.

        Returns:
            One prediction per image, in their order; `error` says why an image cannot be read.
        """
        sources, size = [Source.of(image) for image in images], self.model.batch_size
        batches = [sources[start : start + size] for start in range(0, len(sources), size)]
        results = (result for batch in batches for result in self.predict_sources(batch))
        return [prediction for result in results for prediction in result.predictions]

    def predict_faces(self, image: AnyImage, min_face: float = MIN_FACE) -> list[Prediction]:
        """Find the faces of an image, and classify each.

        Args:
            image: as for `predict`.
            min_face: smallest longer side of a face, pixels.

        Returns:
            Predictions with their `face`, from left to right; none if no face is found.

        Raises:
            UserError: the image cannot be read.
        """
        return self._predict_one(image, min_face)

    def predict_sources(
        self, sources: Sequence[Source], min_face: float | None = None, keep_images: bool = False
    ) -> list[ImageResult]:
        """Read one batch of sources, find their faces if `min_face` is given, and classify them.

        Args:
            sources: their images, or all faces of them, are one batch of the network.
            min_face: as for `predict_faces`; None classifies whole images.
            keep_images: whether the results have the images, 100 MB each if they are photographs;
                otherwise one at a time is in memory.

        Returns:
            One result per source, in their order, with one prediction, or, if `min_face` is given,
            one per face, from left to right. A source that cannot be read does not raise: its
            result has the `error`.
        """
        opened = [self._open(source, min_face, keep_images) for source in sources]
        inputs = [values for _, faces in opened for _, values in faces]
        rows = iter(self.model.probabilities(np.stack(inputs)).tolist() if inputs else [])
        results = []
        for result, faces in opened:
            predictions = [self._predict(result.source, face, next(rows)) for face, _ in faces]
            results.append(replace(result, predictions=result.predictions + predictions))
        return results

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector()

    def _predict_one(self, image: AnyImage, min_face: float | None = None) -> list[Prediction]:
        [result] = self.predict_sources([Source.of(image)], min_face)
        if result.error:
            raise result.error
        return result.predictions

    def _open(
        self, source: Source, min_face: float | None, keep_image: bool
    ) -> tuple[ImageResult, list[tuple[Face | None, np.ndarray]]]:
        """The result without predictions, and what to classify, as input of the network."""
        try:
            image = open_image(source, self.max_pixels)
        except UserError as error:
            failed = Prediction(image=source.name, time=source.time, error=str(error))
            return ImageResult(source, None, [failed], error), []
        crops: list[tuple[Face | None, Image.Image]] = [(None, image)]
        if min_face is not None:
            faces = self._detector.detect(image, min_face)
            crops = [(face, crop_face(image, face)) for face in faces]
        inputs = [(face, self.model.preprocess(crop)) for face, crop in crops]
        return ImageResult(source, image if keep_image else None, []), inputs

    def _predict(self, source: Source, face: Face | None, row: list[float]) -> Prediction:
        return Prediction(
            image=source.name,
            probabilities=dict(zip(self.model.class_names, row, strict=True)),
            uncertain=max(row) < (self.model.threshold or 0),
            face=face,
            time=source.time,
        )
