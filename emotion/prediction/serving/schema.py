"""The JSON of requests and responses, as types for the OpenAPI description of the service.

Nothing is validated with them when a response is sent: `formats.to_json` writes these keys already,
and a second pass over them would cost time. A test validates responses against the description.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from emotion.prediction.serving.limits import MOST_IMAGES

Probability = Annotated[float, Field(ge=0, le=1)]


class _Response(BaseModel):
    model_config = ConfigDict(extra="forbid")  # so that the kinds of answers exclude one another


class Answer(_Response):
    """A prediction for a whole image."""

    label: str = Field(description="the most probable class")
    confidence: Probability = Field(description="the probability of `label`")
    uncertain: bool = Field(description="the confidence is below the threshold of the model")
    probabilities: dict[str, Probability] = Field(description="by class")


def _drop_default(schema: JsonDict) -> None:
    """Where it has no value the key is left out, which a default would contradict."""
    del schema["default"]


class FaceAnswer(Answer):
    """A prediction for a face."""

    box: list[float] = Field(
        min_length=4, max_length=4, description="left, top, right, bottom, in pixels"
    )
    score: Probability = Field(description="of the face detector")
    turn: Literal[90, 180, 270] = Field(
        90,
        description="present if the face is not upright: degrees clockwise by which the image must "
        "be turned",
        json_schema_extra=_drop_default,
    )


class Unreadable(_Response):
    """Why an image has no prediction."""

    error: str


class ImageAnswers(_Response):
    """The answers for one image."""

    image: str = Field(description="the name of the file in the form, or `image`")
    answers: list[FaceAnswer | Answer | Unreadable]


class _WithWarning(_Response):
    warning: str = Field(
        "",
        description="present if the model was trained on drawn faces only",
        json_schema_extra=_drop_default,
    )


class Predictions(_WithWarning):
    """The response of /predict."""

    images: list[ImageAnswers] = Field(
        min_length=1, max_length=MOST_IMAGES, description="in the order of the request"
    )


class Version(_WithWarning):
    """The response of /version."""

    version: str
    class_names: list[str] = Field(description="in the order of `probabilities`")
    threshold: Probability | None = Field(description="below it a prediction is uncertain")
    synthetic_fraction: Probability = Field(description="of the training images")
    faces: Literal["as_is", "box", "aligned"] = Field(
        description="what the model takes: images as they are, or faces that are detected, cropped "
        "by their box or aligned by their landmarks"
    )
    face_margin: float = Field(
        description="side of the square around a face, in units of the tight one"
    )


class Health(_Response):
    """The response of /health."""

    status: Literal["ok"]


class Problem(_Response):
    """The response of a request that is refused."""

    detail: str = Field(description="a sentence; several images have a line each")


_BINARY = {"type": "string", "format": "binary"}
_FILES = {"type": "array", "items": _BINARY, "minItems": 1, "maxItems": MOST_IMAGES}
_FORM = {
    "type": "object",
    "properties": {"images": _FILES},
    "required": ["images"],
    "additionalProperties": False,
}
_KINDS = ("image/*", "application/octet-stream")
# Limits must hold before the body is parsed, so limits.py reads it, and the schema is written here.
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _FORM,
                "encoding": {"images": {"contentType": "image/*"}},
            },
            **{kind: {"schema": _BINARY} for kind in _KINDS},
        },
    }
}
_REASONS = {
    400: "The form is malformed, or the client has left",
    403: "The request is of a page of another origin",
    408: "The body came too slowly",
    413: "The body is too large, or its images are",
    415: "The body is compressed, or several parts that are no form",
    422: "No image can be read, or a parameter is wrong",
    500: "An error of the program",
    503: "Too many images wait; try again later",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": reason, "model": Problem} for status, reason in _REASONS.items()
}
