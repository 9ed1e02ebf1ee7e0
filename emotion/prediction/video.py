"""Frames of video files and cameras, by OpenCV, which nothing else of prediction needs."""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from io import BufferedReader
from pathlib import Path, PurePath
from typing import Any, cast

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet: errors are raised, reported by us
# FFmpeg looks at the content of a file, whatever its name: a playlist would be answered with the
# frames of other files or of a server, and a session description would listen to the network.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "protocol_whitelist;file|format_whitelist;avi,mov,matroska,mpeg,mpegts,mpegvideo,m4v,asf"
)

import cv2

from emotion.core.errors import UserError
from emotion.core.files import open_regular
from emotion.prediction.sources import Source


def expand_videos(sources: Iterable[Source], frames_per_second: float | None) -> Iterator[Source]:
    """Replace each video by its frames; one that cannot be read by its error."""
    for source in sources:
        if not source.is_video:
            yield source
            continue
        try:
            for frame in read_video(Path(source.name), frames_per_second):
                yield replace(frame, copy=source.copy)
        except UserError as error:
            yield Source(name=source.name, content=error)


def read_video(path: Path, frames_per_second: float | None) -> Iterator[Source]:
    """Yield the frames of a file, with their time.

    Args:
        path: of the file.
        frames_per_second: that are yielded, at most; None for all.

    Raises:
        UserError: the file is missing, or is no video that OpenCV can decode.
    """
    try:
        file = BufferedReader(open_regular(path))
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{path} cannot be read: {reason}.") from None
    with file:
        # The open file, not its path: OpenCV takes `http:/x` for an address, `a_%02d.avi` for a
        # series of images, and crashes at a name that is not UTF-8.
        _silence()
        capture = cv2.VideoCapture(cast(Any, file), cv2.CAP_FFMPEG, [])
        yield from _frames(
            capture, str(path), frames_per_second, lambda: capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        )


def read_camera(number: int, frames_per_second: float | None) -> Iterator[Source]:
    """Yield the frames of a camera until it is unplugged, with the time since the first.

    Args:
        number: of the camera, from 0.
        frames_per_second: that are yielded, at most; None for all.

    Raises:
        UserError: there is no such camera.
    """
    start = time.monotonic()
    _silence()
    capture, name = cv2.VideoCapture(number), f"camera {number}"
    for frame in _frames(capture, name, frames_per_second, lambda: time.monotonic() - start):
        yield replace(frame, copy=PurePath(name))


def _silence() -> None:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # as OPENCV_FFMPEG_LOGLEVEL


def _frames(
    capture: cv2.VideoCapture,
    name: str,
    frames_per_second: float | None,
    clock: Callable[[], float],
) -> Iterator[Source]:
    count, last = 0, -1
    try:
        while capture.grab():
            seconds = clock()
            slot = count if frames_per_second is None else math.floor(seconds * frames_per_second)
            count += 1
            if slot == last:
                continue
            last = slot
            decoded, pixels = capture.retrieve()
            if decoded:
                rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
                yield Source(name=name, content=rgb, time=round(seconds, 3), frame=count - 1)
    finally:
        capture.release()
    if not count:
        raise UserError(f"{name} has no frame that OpenCV can decode; check it, or convert it.")
