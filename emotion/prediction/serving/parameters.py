"""The query parameters of /predict; one that is unknown, wrong or repeated is one sentence.

FastAPI itself would ignore an unknown one, take the last of several, and describe a wrong one as a
list of objects.
"""

from collections import Counter

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from emotion.core.text import printable, shorten
from emotion.data.face_detector import MIN_FACE
from emotion.prediction.model import Model

LARGEST = 10_000  # pixels
ALLOWED = f"/predict takes detect or cropped (true or false) and min_face (1 to {LARGEST})"


class Parameters(BaseModel):
    """Query parameters of /predict."""

    model_config = ConfigDict(extra="forbid")
    detect: bool = Field(
        False,
        description="find the faces of each image first, also for a model that takes images as "
        "they are",
    )
    cropped: bool = Field(
        False, description="the images are faces already, also for a model that detects them"
    )
    min_face: float = Field(
        MIN_FACE, ge=1, le=LARGEST, description="with detection: smallest longer side, pixels"
    )

    def smallest_face(self, model: Model) -> float | None:
        """The size of the smallest face to detect; None if images are classified as they are.

        Raises:
            HTTPException: 422, both `detect` and `cropped`.
        """
        if self.detect and self.cropped:
            text = "detect and cropped exclude each other: faces are detected, or there already"
            raise HTTPException(422, f"{text}; {ALLOWED}")
        finds_faces = model.preprocessing.finds_faces and not self.cropped
        return self.min_face if self.detect or finds_faces else None


def refuse_repeated(request: Request) -> None:
    """Refuse a request that has a parameter twice, as `?detect=true&detect=false`.

    Raises:
        HTTPException: 422, with the name of the parameter.
    """
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name in (name for name, count in counts.items() if count > 1):
        raise HTTPException(422, f"{_shown(name)} is given {counts[name]} times; {ALLOWED}")


async def explain_wrong(_: Request, error: Exception) -> JSONResponse:
    """The response to parameters that FastAPI has refused: 422, with the first of them."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = _shown(first["loc"][-1])
    unknown = first["type"] == "extra_forbidden"
    found = f"unknown parameter {name}" if unknown else f"{name} is {_shown(first['input'])!r}"
    return JSONResponse({"detail": f"{found}; {ALLOWED}"}, 422)


def _shown(text: object) -> str:
    return shorten(printable(str(text)))
