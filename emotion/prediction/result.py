"""What prediction answers for an image, or for a face in it."""

from dataclasses import dataclass

from emotion.data.face_detector import Face


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Probabilities, or why there are none."""

    image: str  # the path as given; of a frame, that of the video
    probabilities: dict[str, float]  # by class, in the model's order; empty after an error
    uncertain: bool = False  # the confidence is below the model's threshold
    face: Face | None = None  # which face of the image; None where none was looked for
    time: float | None = None  # of a frame, in seconds from the start of the video
    error: str = ""

    @property
    def label(self) -> str:
        """The most probable class; "" after an error."""
        return max(self.probabilities, key=lambda name: self.probabilities[name], default="")

    @property
    def confidence(self) -> float:
        """The probability of `label`; 0 after an error."""
        return max(self.probabilities.values(), default=0.0)
