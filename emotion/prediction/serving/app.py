"""The service: POST /predict, GET /health, GET /version; the page /docs describes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from emotion.core.version import __version__
from emotion.data.face_detector import MIN_FACE
from emotion.prediction.formats import to_json
from emotion.prediction.model import Model
from emotion.prediction.predictor import Predictor
from emotion.prediction.result import Prediction
from emotion.prediction.serving.batching import RequestBatcher
from emotion.prediction.serving.limits import (
    BODIES_IN_FLIGHT,
    IMAGES_IN_FLIGHT,
    Budget,
    BusyError,
    Limits,
    count_pixels_of,
    read_images,
)
from emotion.prediction.serving.page import render_page
from emotion.prediction.sources import Source

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
_FORM = {"schema": {"type": "object", "properties": {"images": _FILES}, "required": ["images"]}}
# Limits must hold before the body is parsed, so it is read in limits.py, not by FastAPI, and the
# schema is declared by hand.
_BODY = {
    "requestBody": {"required": True, "content": {"multipart/form-data": _FORM, "image/*": _BINARY}}
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    408: {"description": "The body came too slowly"},
    413: {"description": "The body is too large, or its images are"},
    422: {"description": "No image can be read"},
    503: {"description": "Too many images wait; try again later"},
}


def create_app(predictor: Predictor, limits: Limits) -> FastAPI:
    """The application for one model.

    Args:
        predictor: loaded with `threads=1`.
        limits: of the requests.
    """
    batcher = RequestBatcher(predictor)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        await batcher.stop()

    app = FastAPI(
        title="emotion",
        version=__version__,
        summary="Classifies the facial expression in images.",
        lifespan=lifespan,
        docs_url=None,  # see page.py
        redoc_url=None,
    )
    _add_predict(app, batcher, limits)
    _add_status(app, predictor.model)
    return app


def _add_predict(app: FastAPI, batcher: RequestBatcher, limits: Limits) -> None:
    bodies = Budget(BODIES_IN_FLIGHT * limits.bytes)
    pixels = Budget(IMAGES_IN_FLIGHT * limits.pixels)

    @app.post("/predict", openapi_extra=_BODY, responses=_ERRORS)
    async def predict(
        request: Request,
        detect: Annotated[bool, Query(description="find the faces of each image first")] = False,
        min_face: Annotated[
            float, Query(ge=1, le=10_000, description="smallest longer side, pixels")
        ] = MIN_FACE,
    ) -> dict[str, Any]:
        """Classify one image, sent as the body, or several, sent as the files of a form.

        The `answers` of an image are its predictions: one, or with `detect` one per face, from left
        to right. An image that cannot be read has an `error` in place of the probabilities.
        """
        try:
            with bodies.taking() as take_bytes, pixels.taking() as take_pixels:
                images = await read_images(request, limits, take_bytes)
                take_pixels(await asyncio.to_thread(count_pixels_of, images, limits))
                sources = [Source(name=name, content=content) for name, content in images]
                predictions = await batcher.classify(sources, min_face if detect else None)
        except BusyError:
            headers = {"Retry-After": "1"}
            raise HTTPException(503, "too many images wait; try again", headers) from None
        return _response_of(sources, predictions)


def _response_of(sources: list[Source], predictions: list[list[Prediction]]) -> dict[str, Any]:
    """The body of a response.

    Raises:
        HTTPException: 422, no image can be read.
    """
    errors = [p.error for of_image in predictions for p in of_image if p.error]
    if len(errors) == len(sources):
        raise HTTPException(422, errors[0] if len(errors) == 1 else errors)
    images = [
        {"image": source.name, "answers": list(map(to_json, of_image))}
        for source, of_image in zip(sources, predictions, strict=True)
    ]
    return {"images": images}


def _add_status(app: FastAPI, model: Model) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        """Responds while the service can classify."""
        return {"status": "ok"}

    @app.get("/version")
    async def version() -> dict[str, Any]:
        """The version of the service, and the classes and the threshold of its model."""
        return {
            "version": __version__,
            "class_names": model.class_names,
            "threshold": model.threshold,
            "synthetic_fraction": model.synthetic_fraction,
        }

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("docs")

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    async def docs() -> str:
        return render_page(app.openapi())
