"""Images to classify: files, folders, patterns and stdin of a command, or values of a program."""

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Self, TypeAlias

import numpy as np
from PIL import Image

from emotion.core.errors import UserError
from emotion.data import images
from emotion.data.images import SUFFIXES, decode_image, read_image, to_rgb

AnyImage: TypeAlias = str | Path | bytes | np.ndarray | Image.Image
STDIN = "-"
VIDEO_SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}
LARGEST_INPUT = 1 << 28  # bytes of an image on stdin


@dataclass(frozen=True, kw_only=True)
class Source:
    """An image in any form, and its name in the results."""

    name: str
    content: AnyImage | UserError  # an error where it cannot be read
    time: float | None = None  # of a frame, seconds
    frame: int | None = None  # its number in the video, from 0
    found: bool = False  # in a folder or by a pattern, not named itself
    copy: PurePath | None = None  # of its annotated copy, in the folder for these

    @classmethod
    def of(cls, image: AnyImage) -> Self:
        """A source for an image in any form; one without a path is called `image`."""
        return cls(name=str(image) if isinstance(image, str | Path) else "image", content=image)

    @property
    def is_stdin(self) -> bool:
        """Whether its bytes come on standard input."""
        return self.name == STDIN and isinstance(self.content, str)

    @property
    def is_video(self) -> bool:
        """Whether it is a video file, by its suffix."""
        path = self.content if isinstance(self.content, str | Path) else ""
        return Path(path).suffix.lower() in VIDEO_SUFFIXES


def list_sources(arguments: Iterable[str]) -> Iterator[Source]:
    """Yield the sources that the arguments of a command name, in their order.

    A file gives itself, a folder its images, those of sub-folders included, and a pattern the files
    that it matches, sorted by path. `-` is an image on stdin. A path that does not exist, or has no
    images, gives itself: reading it fails with a message that names it.
    """
    for argument in arguments:
        for path in [STDIN] if argument == STDIN else _expand(argument):
            yield Source(name=str(path), content=path, found=str(path) != str(Path(argument)))


def open_image(source: Source, max_pixels: int | None = None) -> Image.Image:
    """Decode an image in any form to upright 8-bit RGB.

    Args:
        source: the image.
        max_pixels: of the largest file that is decoded; None for Pillow's limit.

    Raises:
        UserError: it cannot be read, or is an array that is not (H, W, 3) of uint8.
    """
    content = source.content
    if isinstance(content, UserError):
        raise content
    if isinstance(content, Image.Image):
        return to_rgb(content)
    if isinstance(content, np.ndarray):
        return _from_array(content)
    if source.is_stdin:
        if sys.stdin is None or sys.stdin.closed:
            raise UserError("standard input is closed", "send an image, as in `cat a.jpg |`")
        content = sys.stdin.buffer.read(LARGEST_INPUT)
    if isinstance(content, bytes):
        return decode_image(io.BytesIO(content), source.name, max_pixels)
    path = Path(content)
    if _is_folder(path):
        hint = f"give one with {', '.join(sorted(SUFFIXES))} files"
        raise UserError("has no images", hint, file=path)
    return read_image(path, max_pixels)


def _expand(argument: str) -> list[Path]:
    path = Path(argument)
    if _is_folder(path):
        return sorted(images.list_images(path)) or [path]
    if glob.has_magic(argument) and not path.exists():
        return _match(argument) or [path]
    return [path]


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112, Path.is_dir raises at names that are too long


def _match(pattern: str) -> list[Path]:
    """The files that a pattern matches, and the images of the folders; each file once.

    `**/*` matches a folder and its files, and follows a link to a parent folder many times.
    """
    found: dict[tuple[str, str], Path | None] = {}  # by place on the disk; None: a folder
    for match in sorted(map(Path, glob.glob(pattern, recursive=True))):  # noqa: PTH207, ** and ~
        is_folder = match.is_dir()
        for file in sorted(images.list_images(match)) if is_folder else [match]:
            found.setdefault(_place(file), file)
        if is_folder:
            found.setdefault(_place(match), None)
    return [file for file in found.values() if file]


def _place(path: Path) -> tuple[str, str]:
    """The folder behind all links, and the name in it: two links to one file stay two."""
    return os.path.realpath(path.parent), path.name


def _from_array(array: np.ndarray) -> Image.Image:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise UserError(
            f"an array of shape {array.shape} and type {array.dtype} is not an image",
            "give RGB of shape (height, width, 3) and type uint8",
        )
    return Image.fromarray(array)
