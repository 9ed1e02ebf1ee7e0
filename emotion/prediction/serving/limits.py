"""Limits on the size, the number and the duration of requests; others get an HTTP error.

Sizes are checked before anything is decoded, and the body is kept in memory, so that no file is
written. Each image is bounded, and so are the images of a request and those of all requests: three
megabytes of PNG can be a gigabyte of pixels.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from emotion.core.text import printable, shorten
from emotion.data.images import count_pixels

MOST_IMAGES = 64  # of one request
BODY_SECONDS = 20.0  # from the first byte of the body to the last
# Of all requests together, in bodies and images of the largest size.
BODIES_IN_FLIGHT, IMAGES_IN_FLIGHT = 10, 8
IMAGES_OF_REQUEST = 2  # of the largest size


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Largest sizes, set when the service starts."""

    bytes: int  # of a body
    pixels: int  # of an image


class BusyError(Exception):
    """The service is at its limit; try again later."""


class Budget:
    """A limited resource of all requests together, such as bytes; for one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit, self.used = limit, 0

    @contextmanager
    def taking(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that reserves an amount; it is released when the block ends.

        Raises:
            BusyError: by the function, if the limit would be exceeded.
        """
        taken = 0

        def take(amount: int) -> None:
            nonlocal taken
            if self.used + amount > self.limit:
                raise BusyError
            self.used += amount
            taken += amount

        try:
            yield take
        finally:
            self.used -= taken


async def read_images(
    request: Request, limits: Limits, take_bytes: Callable[[int], None]
) -> list[tuple[str, bytes]]:
    """Read the images of a request, which are its body, or the files of a form.

    Args:
        request: its body is read.
        limits: of the body.
        take_bytes: called with the size of each part; may raise BusyError.

    Returns:
        Name and content of each image.

    Raises:
        HTTPException: 408 too slow, 413 too large, 400 malformed, 415 another form, 422 no image.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    _refuse_other_forms(kind, request.headers.get("content-encoding", "identity"))
    body = await _read_body(request, limits, take_bytes)
    if kind == "multipart/form-data":
        return await _parse_form(request, body)
    if not body:
        raise HTTPException(422, "the body is empty; send an image, or a form with images")
    return [("image", body)]


def count_pixels_of(images: list[tuple[str, bytes]], limits: Limits) -> int:
    """Number of pixels of all images that will be decoded, from their headers.

    Raises:
        HTTPException: 413, too many for one request.
    """
    counts = (count_pixels(io.BytesIO(content)) for _, content in images)
    total = sum(count for count in counts if count <= limits.pixels)  # larger ones are refused
    if total > (allowed := IMAGES_OF_REQUEST * limits.pixels):
        text = f"the images have more than {allowed / 1e6:g} megapixels together; send fewer"
        raise HTTPException(413, text)
    return total


def _refuse_other_forms(kind: str, encoding: str) -> None:
    if encoding.strip().lower() not in ("", "identity"):
        raise HTTPException(415, f"the body is compressed ({shorten(encoding)}); send it as it is")
    if kind.startswith("multipart/") and kind != "multipart/form-data":
        raise HTTPException(415, f"{shorten(kind)} is no form; send multipart/form-data")


async def _read_body(request: Request, limits: Limits, take_bytes: Callable[[int], None]) -> bytes:
    too_large = HTTPException(413, f"the body has more than {limits.bytes / 1e6:g} MB")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limits.bytes:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limits.bytes:
                    raise too_large
                take_bytes(len(part))
                parts.append(part)
    except ClientDisconnect:
        raise HTTPException(400, "the client has left") from None
    except TimeoutError:
        raise HTTPException(408, f"the body took more than {BODY_SECONDS:g} s") from None
    return b"".join(parts)


async def _parse_form(request: Request, body: bytes) -> list[tuple[str, bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=MOST_IMAGES, max_fields=8)
    parser.spool_max_size = len(body) + 1  # larger parts would be written to a file
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:  # KeyError: no boundary
        raise HTTPException(400, f"the form cannot be read: {error}") from None
    try:
        images = []
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                text = f"the form has {shorten(printable(name))} without a file name"
                hint = "send images as files, and parameters as in /predict?detect=true"
                raise HTTPException(422, f"{text}; {hint}")
            images.append((value.filename or "image", await value.read()))
    finally:
        await form.close()
    if not images:
        raise HTTPException(422, "the form has no image; send files, as curl -F images=@face.jpg")
    return images
