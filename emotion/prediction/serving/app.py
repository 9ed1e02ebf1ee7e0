"""The service: POST /predict, GET /health, GET /version; the page /docs describes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from emotion.core.version import __version__
from emotion.prediction.formats import SYNTHETIC_NOTE, to_json
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
from emotion.prediction.serving.parameters import Parameters, explain_wrong, refuse_repeated
from emotion.prediction.serving.schema import BODY, ERRORS, Health, Predictions, Version
from emotion.prediction.sources import Source


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

    warning = _warning_of(predictor.model)
    app = FastAPI(
        title="emotion",
        version=__version__,
        summary="Classifies the facial expression in images.",
        description=warning.get("warning", ""),
        lifespan=lifespan,
        docs_url=None,  # see page.py
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # short names in generated clients
    )
    app.add_exception_handler(RequestValidationError, explain_wrong)
    app.add_exception_handler(Exception, _explain_failure)
    _add_predict(app, predictor.model, batcher, limits, warning)
    _add_status(app, predictor.model, warning)
    return app


def _warning_of(model: Model) -> dict[str, str]:
    """What responses say about a model that has seen no photograph; empty for others."""
    if model.synthetic_fraction < 1:
        return {}
    return {"warning": " ".join(SYNTHETIC_NOTE.removeprefix("*").split())}


async def _explain_failure(_: Request, __: Exception) -> JSONResponse:
    """After it, the server logs the traceback."""
    return JSONResponse({"detail": "an error of the program; the log of the service has it"}, 500)


def _add_predict(
    app: FastAPI, model: Model, batcher: RequestBatcher, limits: Limits, warning: dict[str, str]
) -> None:
    bodies = Budget(BODIES_IN_FLIGHT * limits.bytes)
    pixels = Budget(IMAGES_IN_FLIGHT * limits.pixels)

    @app.post("/predict", response_model=Predictions, responses=ERRORS, openapi_extra=BODY)
    async def predict(request: Request, parameters: Annotated[Parameters, Query()]) -> JSONResponse:
        """Classify one image, sent as the body, or several, sent as the files of a form.

        The `answers` of an image are its predictions: one, or, where faces are detected, one per
        face, from left to right. They are detected with `detect`, and by a model that was trained
        on detected faces (`faces` of /version) unless `cropped` is given. An image that cannot be
        read has an `error` in place of the probabilities.
        """
        refuse_repeated(request)
        min_face = parameters.smallest_face(model)
        try:
            with bodies.taking() as take_bytes, pixels.taking() as take_pixels:
                images = await read_images(request, limits, take_bytes)
                take_pixels(await asyncio.to_thread(count_pixels_of, images, limits))
                sources = [Source(name=name, content=content) for name, content in images]
                predictions = await batcher.classify(sources, min_face)
        except BusyError:
            headers = {"Retry-After": "1"}
            raise HTTPException(503, "too many images wait; try again", headers) from None
        return JSONResponse(warning | _describe(sources, predictions))  # not validated again


def _describe(sources: list[Source], predictions: list[list[Prediction]]) -> dict[str, Any]:
    """The predictions as JSON.

    Raises:
        HTTPException: 422, no image can be read.
    """
    errors = [p.error for of_image in predictions for p in of_image if p.error]
    if len(errors) == len(sources):
        raise HTTPException(422, "\n".join(errors))
    images = [
        {"image": source.name, "answers": list(map(to_json, of_image))}
        for source, of_image in zip(sources, predictions, strict=True)
    ]
    return {"images": images}


def _add_status(app: FastAPI, model: Model, warning: dict[str, str]) -> None:
    @app.get("/health", response_model=Health)
    async def health() -> JSONResponse:
        """Responds while the service can classify."""
        return JSONResponse({"status": "ok"})

    @app.get("/version", response_model=Version)
    async def version() -> JSONResponse:
        """The version of the service, and the classes, threshold and crop of its model."""
        found = {
            "version": __version__,
            "class_names": model.class_names,
            "threshold": model.threshold,
            "synthetic_fraction": model.synthetic_fraction,
            "faces": model.preprocessing.faces,
            "face_margin": model.preprocessing.face_margin,
        }
        return JSONResponse(warning | found)

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("docs")

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    async def docs(request: Request) -> str:
        return render_page(app.openapi(), str(request.base_url))
