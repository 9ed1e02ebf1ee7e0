"""The Python API: load a model, classify images, or the faces in them.

predictor = Predictor.load("models/model.onnx")
print(predictor.predict("face.jpg").label)
for prediction in predictor.predict_faces("party.jpg"):
    print(prediction.face.box, prediction.label, prediction.confidence)
"""

import math
import numbers
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.data.face import Face, by_size
from emotion.data.face_detector import MIN_FACE, FaceDetector
from emotion.data.pixels import is_blank
from emotion.prediction.loading import load_model
from emotion.prediction.model import Model
from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.sources import AnyImage, Source, open_image

_ROUNDING = 0.02  # of the sum of the probabilities, also of a quantized network
_Rows = list[tuple[Face | None, list[float]]]  # of an image: faces and their probabilities


class Predictor:
    """A trained model for images in any form; may be called from several threads."""

    def __init__(self, model: Model, max_pixels: int | None = None, cropped: bool = False) -> None:
        if max_pixels is not None:
            _check_count("max_pixels", max_pixels, 1)
        self.model, self.max_pixels = model, max_pixels
        # Whether `predict` and `predict_batch` detect the face that they classify.
        self.finds_faces = model.preprocessing.finds_faces and not cropped

    @classmethod
    def load(
        cls,
        path: str | Path,
        threads: int = 0,
        max_pixels: int | None = None,
        cropped: bool = False,
    ) -> Self:
        """Load an ONNX file, a checkpoint, or a Hub folder with either of them.

        Args:
            path: of the model.
            threads: number per call; 0 for one per core.
            max_pixels: of the largest image in any form, at least 1; None for Pillow's limit.
            cropped: images are faces already, although the network was trained on faces that a
                detector had found; without effect on other networks, which take images as they are.

        Raises:
            UserError: there is no such file, it is not a model of this pipeline, or a number is out
                of range.
        """
        _check_count("threads", threads, 0)
        return cls(load_model(Path(path), threads), max_pixels, cropped)

    def predict(self, image: AnyImage) -> Prediction:
        """Classify one image: the largest face in it, if `finds_faces`, otherwise all of it.

        Args:
            image: a path, the bytes of a file, a file opened in binary mode, a NumPy array (RGB or
                gray), or a Pillow image. The rules of `emotion.data.pixels` hold for all.

        Returns:
            The prediction; that of an image in which no face is found has `no_face`.

        Raises:
            UserError: the image cannot be read; it is blank, and not `finds_faces`; or the model
                gives no probabilities.
        """
        [prediction] = _checked(*self._predict_one_each([Source.of(image)]))
        return prediction

    def predict_batch(self, images: Sequence[AnyImage]) -> list[Prediction]:
        """Classify many images, in batches of the model's size.

        Args:
            images: each as for `predict`.

        Returns:
            One prediction per image, in their order, as of `predict`; `error` says why an image has
            no probabilities.

        Raises:
            UserError: it is a single path.
        """
        if isinstance(images, str | bytes | os.PathLike):
            problem = f"images is of type {type(images).__name__}, not a list"
            raise UserError(problem, "give a list of images", key="images")
        sources, size = [Source.of(image) for image in images], self.model.batch_size
        batches = [sources[start : start + size] for start in range(0, len(sources), size)]
        results = (result for batch in batches for result in self._predict_one_each(batch))
        return [prediction for result in results for prediction in result.predictions]

    def predict_faces(self, image: AnyImage, min_face: float = MIN_FACE) -> list[Prediction]:
        """Find the faces of an image, and classify each.

        Args:
            image: as for `predict`.
            min_face: smallest longer side of a face, pixels, above 0.

        Returns:
            Predictions with their `face`, from left to right; none if no face is found.

        Raises:
            UserError: as for `predict`, or `min_face` is out of range.
        """
        [result] = self.predict_sources([Source.of(image)], min_face)
        return _checked(result)

    def predict_sources(
        self,
        sources: Sequence[Source],
        min_face: float | None = None,
        keep_images: bool = False,
        only_largest: bool = False,
    ) -> list[ImageResult]:
        """Read sources, find their faces if `min_face` is given, and classify them in batches.

        Args:
            sources: the face of a source that has one is classified, and none is detected.
            min_face: as for `predict_faces`; None classifies whole images.
            keep_images: whether the results have the images, 100 MB each if they are photographs;
                otherwise one at a time is in memory.
            only_largest: whether the largest face of each image alone is classified.

        Returns:
            One result per source, in their order, with one prediction, or, if `min_face` is given,
            one per face, from left to right. A source that cannot be read or is blank does not
            raise: its result has the `error`. A blank frame of a video has no prediction.

        Raises:
            UserError: `min_face` is out of range.
        """
        if min_face is not None:
            check_positive("min_face", min_face)
        opened: list[tuple[ImageResult, _Rows]] = []
        waiting: list[tuple[_Rows, Face | None, np.ndarray]] = []
        for source in sources:
            rows: _Rows = []
            try:
                image = open_image(source, self.max_pixels)
                faces = self._choose(source, image, min_face)
            except UserError as error:
                opened.append((_failed(source, error), rows))
                continue
            opened.append((ImageResult(source, image if keep_images else None, []), rows))
            if only_largest:
                faces = by_size(filter(None, faces))[:1] or faces
            for face in faces:
                waiting.append((rows, face, self.model.preprocess(image, face)))
                if len(waiting) == self.model.batch_size:  # a photograph may have thousands
                    self._classify(waiting)
        if waiting:
            self._classify(waiting)
        return [self._complete(result, rows) for result, rows in opened]

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector()

    def _predict_one_each(self, sources: Sequence[Source]) -> list[ImageResult]:
        """Results with one prediction each, of the largest face, if `finds_faces`, or of all."""
        min_face = MIN_FACE if self.finds_faces else None
        results = self.predict_sources(sources, min_face, only_largest=True)
        nothing = [[Prediction.without_face(source.name, MIN_FACE)] for source in sources]
        return [
            replace(result, predictions=result.predictions or without_face)
            for result, without_face in zip(results, nothing, strict=True)
        ]

    def _classify(self, waiting: list[tuple[_Rows, Face | None, np.ndarray]]) -> None:
        """Add the probabilities of each face to the rows of its image; none is left waiting."""
        found = self.model.probabilities(np.stack([values for *_, values in waiting])).tolist()
        for (rows, face, _), probabilities in zip(waiting, found, strict=True):
            rows.append((face, probabilities))
        waiting.clear()

    def _choose(
        self, source: Source, image: Image.Image, min_face: float | None
    ) -> Sequence[Face | None]:
        """The faces of an image that are classified; None stands for the whole image."""
        if source.face:
            return [source.face]
        if min_face is not None:
            # Frames lie on their side all or none, and there are too many to try every turn.
            return self._detector.detect(image, min_face, turn=source.time is None)
        if not is_blank(image):
            return [None]
        if source.time is None:  # a video may fade out
            raise UserError("is blank: all pixels are equal", "give a face", file=source.name)
        return []

    def _complete(self, result: ImageResult, rows: _Rows) -> ImageResult:
        """The result with a prediction for each face and its probabilities."""
        try:
            found = [self._predict(result.source, face, row) for face, row in rows]
        except UserError as error:
            return _failed(result.source, error)
        return replace(result, predictions=result.predictions + found)

    def _predict(self, source: Source, face: Face | None, row: list[float]) -> Prediction:
        threshold = self.model.threshold
        # Not `max(row) > 1`: a comparison with NaN is false.
        if not (min(row) >= 0 and abs(sum(row) - 1) <= _ROUNDING):
            values = shorten(", ".join(f"{value:g}" for value in row))
            problem = f"has no prediction: the model gives {values} in place of probabilities"
            raise UserError(problem, "train or export the model again", file=source.name)
        return Prediction(
            image=source.name,
            probabilities=dict(zip(self.model.class_names, row, strict=True)),
            uncertain=threshold is not None and not max(row) >= threshold,
            face=face,
            time=source.time,
        )


def check_positive(key: str, value: float) -> None:
    """Raise a UserError unless a value is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value < math.inf:
        raise UserError(f"{key} is {value!r}", "give a number above 0", key=key)


def _check_count(key: str, value: int, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < low:
        raise UserError(f"{key} is {value!r}", f"give a whole number from {low}", key=key)


def _checked(result: ImageResult) -> list[Prediction]:
    """The predictions of a result; raises its error."""
    if result.error:
        raise result.error
    return result.predictions


def _failed(source: Source, error: UserError) -> ImageResult:
    failed = Prediction(image=source.name, time=source.time, error=str(error))
    return ImageResult(source, None, [failed], error)
