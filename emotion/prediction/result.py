"""Results of prediction: for one image or face, and for all faces of one source."""

from dataclasses import dataclass, field
from typing import Self

from PIL import Image

from emotion.core.errors import UserError
from emotion.data.face import Face
from emotion.prediction.sources import Source


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Probabilities of the classes for an image or a face, or the reason why there are none."""

    image: str  # the path as given; of a frame, that of the video
    # By class, in the model's order; empty after an error.
    probabilities: dict[str, float] = field(default_factory=dict)
    uncertain: bool = False  # the confidence is below the model's threshold
    face: Face | None = None  # the face that is classified; None for a whole image
    time: float | None = None  # of a frame, in seconds from the start of the video
    error: str = ""
    no_face: bool = False  # no face is found in the image; `error` says so

    @classmethod
    def without_face(cls, image: str, min_face: float) -> Self:
        """For an image in which no face of at least `min_face` pixels is found."""
        error = f"{image} shows no face of at least {min_face:g} pixels."
        return cls(image=image, error=error, no_face=True)

    @property
    def label(self) -> str:
        """The most probable class; "" after an error."""
        return max(self.probabilities, key=lambda name: self.probabilities[name], default="")

    @property
    def confidence(self) -> float:
        """The probability of `label`, in 0..1; 0 after an error."""
        return max(self.probabilities.values(), default=0.0)


@dataclass(frozen=True)
class ImageResult:
    """A source and the predictions for it."""

    source: Source
    image: Image.Image | None  # None if it is not kept, or cannot be read
    # One of the whole image; with detection one per face, from left to right. If the image cannot
    # be read, one with the text of `error`.
    predictions: list[Prediction]
    error: UserError | None = None
