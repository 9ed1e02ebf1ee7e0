"""Read the frames of video files and cameras with OpenCV, which only this module needs."""

import math
import os
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from io import BufferedReader
from pathlib import Path, PurePath
from typing import Any, cast

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet: errors are raised
# FFmpeg detects the format from the content of a file: a playlist would give the frames of other
# files or of a server, and a session description would make it listen to the network.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "protocol_whitelist;file|format_whitelist;avi,mov,matroska,mpeg,mpegts,mpegvideo,m4v,asf"
)

import cv2

from emotion.core.errors import UserError
from emotion.core.files import open_regular
from emotion.prediction.containers import explain_early_end
from emotion.prediction.predictor import check_positive
from emotion.prediction.sources import Source


def expand_videos(sources: Iterable[Source], frames_per_second: float | None) -> Iterator[Source]:
    """Replace each video by its frames, and one that cannot be read by its error."""
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
    """Yield the frames of a file as RGB arrays (H, W, 3) of uint8, with their time.

    Args:
        path: of the file.
        frames_per_second: largest number that is yielded per second; None for all.

    Raises:
        UserError: the file is missing, or is not a video that OpenCV can decode; after the last
            frame, that the file has less than its container states.
    """
    if frames_per_second is not None:
        check_positive("frames_per_second", frames_per_second)
    try:
        file = BufferedReader(open_regular(path))
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"cannot be read ({reason})", "give a video file", file=path) from None
    with file:
        # The open file, not its path: OpenCV treats `http:/x` as an address and `a_%02d.avi` as a
        # series of images, and crashes at a name that is not UTF-8.
        _silence()
        capture = cv2.VideoCapture(cast(Any, file), cv2.CAP_FFMPEG, [])
        stated, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
        count, seconds = yield from _frames(capture, str(path), frames_per_second, None)
        problem = "has no frame that OpenCV can decode"
        if count:
            problem = explain_early_end(file, count, seconds, stated, rate)
        if problem:
            raise UserError(problem, "restore, repair or convert it", file=path)


def read_camera(number: int, frames_per_second: float | None) -> Iterator[Source]:
    """Yield the frames of a camera as RGB arrays (H, W, 3) of uint8 until it is unplugged.

    Their time is that since the call.

    Args:
        number: of the camera, from 0.
        frames_per_second: largest number that is yielded per second; None for all.

    Raises:
        UserError: there is no such camera.
    """
    if frames_per_second is not None:
        check_positive("frames_per_second", frames_per_second)
    start = time.monotonic()
    _silence()
    capture, name = cv2.VideoCapture(number), f"camera {number}"
    frame = None
    for frame in _frames(capture, name, frames_per_second, start):
        yield replace(frame, copy=PurePath(name))
    if frame is None:
        hint = "check that it is connected, or choose another one"
        raise UserError(f"{name} has no frame that OpenCV can decode", hint, key="--camera")


def _silence() -> None:
    """Print no messages of OpenCV, as OPENCV_FFMPEG_LOGLEVEL does for FFmpeg."""
    # OpenCV 4.12 has no `utils.logging`, OpenCV 5 has no other name.
    set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_level(0)


def _frames(
    capture: cv2.VideoCapture,
    name: str,
    frames_per_second: float | None,
    start: float | None,
) -> Generator[Source, None, tuple[int, float]]:
    """Yield frames, and return their number and the time of the last one.

    Their time is that since `start`, or that in the file if it is None.
    """
    count, last, seconds = 0, -1, 0.0
    try:
        while capture.grab():
            in_file = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            seconds = in_file if start is None else time.monotonic() - start
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
    return count, seconds
