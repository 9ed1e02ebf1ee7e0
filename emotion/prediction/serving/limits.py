"""What a client may send, and how long it may take: everything else gets a clean answer.

The sizes are checked before anything is decoded, and the body is kept in memory, so that no file is
written. One image is bounded, and so are the images of a request and those of all requests: three
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

from emotion.data.images import count_pixels

MOST_IMAGES = 64  # of one request
BODY_SECONDS = 20.0  # from the first byte of the body to the last
# Of all requests together, in bodies and images of the largest size.
BODIES_IN_FLIGHT, IMAGES_IN_FLIGHT = 10, 8
IMAGES_OF_REQUEST = 2  # of the largest size


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes, chosen when the service starts."""

    megabytes: float = 20.0  # of a body
    megapixels: float = 25.0  # of an image

    @property
    def bytes(self) -> int:
        """Of a body."""
        return int(self.megabytes * 1e6)

    @property
    def pixels(self) -> int:
        """Of an image."""
        return int(self.megapixels * 1e6)


class BusyError(Exception):
    """Too much is in work already."""


class Budget:
    """An amount that all requests share, such as bytes; to be used in one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit, self.used = limit, 0

    @contextmanager
    def taking(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that takes an amount, which is given back when the block ends.

        Raises:
            BusyError: by the function, if so much is not left.
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
    """Names and contents of the images in a request: one as its body, or a form of several.

    Args:
        request: whose body is read.
        limits: of it.
        take_bytes: called with the size of each part; may raise BusyError.

    Raises:
        HTTPException: 408, 413, 400 or 422, with the reason.
    """
    body = await _read_body(request, limits, take_bytes)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _parse_form(request, body)
    if not body:
        raise HTTPException(422, "the body is empty; send an image, or a form with images")
    return [("image", body)]


def count_pixels_of(images: list[tuple[str, bytes]], limits: Limits) -> int:
    """The pixels of all images that will be decoded.

    Raises:
        HTTPException: 413, if they are too many for one request.
    """
    counts = (count_pixels(io.BytesIO(content)) for _, content in images)
    total = sum(count for count in counts if count <= limits.pixels)  # larger ones are refused
    if total > IMAGES_OF_REQUEST * limits.pixels:
        allowed = IMAGES_OF_REQUEST * limits.megapixels
        raise HTTPException(
            413, f"the images have more than {allowed:g} megapixels together; send fewer at once"
        )
    return total


async def _read_body(request: Request, limits: Limits, take_bytes: Callable[[int], None]) -> bytes:
    too_large = HTTPException(413, f"the body has more than {limits.megabytes:g} MB")
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
        uploads = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        images = [(upload.filename or "image", await upload.read()) for upload in uploads]
    finally:
        await form.close()
    if not images:
        raise HTTPException(422, "the form has no image; send files, as curl -F images=@face.jpg")
    return images
