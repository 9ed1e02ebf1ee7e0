"""What a command or a program gives to be classified: files, folders, patterns, bytes, frames."""

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
    """An image in any form, and what it is called."""

    name: str
    content: AnyImage | UserError  # an error where it cannot be read
    time: float | None = None  # of a frame, seconds
    frame: int | None = None  # its number in the video, from 0
    found: bool = False  # in a folder or by a pattern, not named itself
    copy: PurePath | None = None  # of its annotated copy, in the folder for these

    @classmethod
    def of(cls, image: AnyImage) -> Self:
        """An image of a program; only a path has a name."""
        return cls(name=str(image) if isinstance(image, str | Path) else "image", content=image)

    @property
    def is_stdin(self) -> bool:
        """Whether its bytes come on standard input."""
        return self.name == STDIN and isinstance(self.content, str)

    @property
    def is_video(self) -> bool:
        """Whether it stands for many frames."""
        return (
            isinstance(self.content, str | Path)
            and Path(self.content).suffix.lower() in VIDEO_SUFFIXES
        )


def list_sources(arguments: Iterable[str]) -> Iterator[Source]:
    """Yield what the arguments of a command mean, in their order.

    A file is yielded as given, of a folder its images, those of its sub-folders included, and of a
    pattern what it matches, sorted by path. `-` is an image on stdin. What does not exist, or has
    no images, is yielded itself: reading it fails with a message that names it.
    """
    for argument in arguments:
        if argument == STDIN:
            yield Source(name=STDIN, content=STDIN)
            continue
        for path in _expand(argument):
            yield Source(name=str(path), content=path, found=str(path) != str(Path(argument)))


def open_image(source: Source, max_pixels: int | None = None) -> Image.Image:
    """Decode an image in any form to upright 8-bit RGB.

    Args:
        source: the image.
        max_pixels: of the largest file that is decoded; None takes Pillow's limit.

    Raises:
        UserError: it cannot be read, or is an array of another shape or type.
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
            raise UserError("standard input is closed; send an image, as in `cat a.jpg |`.")
        content = sys.stdin.buffer.read(LARGEST_INPUT)
    if isinstance(content, bytes):
        return decode_image(io.BytesIO(content), source.name, max_pixels)
    path = Path(content)
    if _is_folder(path):
        raise UserError(f"{path} has no images; known suffixes: {', '.join(sorted(SUFFIXES))}.")
    return read_image(path, max_pixels)


def _expand(argument: str) -> list[Path]:
    path = Path(argument)
    if _is_folder(path):
        return sorted(images.list_images(path)) or [path]
    if glob.has_magic(argument) and not path.exists():
        return _match(argument) or [path]
    return [path]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, which reading it reports
        return False


def _match(pattern: str) -> list[Path]:
    """What a pattern matches, and the images of folders among it; each file once.

    `**/*` matches a folder and its files, and a link to the folder that it lies in again and again.
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
            f"an array of shape {array.shape} and type {array.dtype} is not an image; give RGB of "
            "shape (height, width, 3) and type uint8."
        )
    return Image.fromarray(array)
