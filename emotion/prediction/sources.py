"""Images to classify: files, folders, patterns and stdin of a command, or values of a program."""

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Self, TypeAlias

import numpy as np
from PIL import Image

from emotion.core.errors import UserError
from emotion.data import images
from emotion.data.face import Face
from emotion.data.images import SUFFIXES, convert_image, decode_image, read_image
from emotion.prediction.addresses import address_error, is_address

AnyPath: TypeAlias = str | os.PathLike[str]
AnyBytes: TypeAlias = bytes | bytearray | memoryview | IO[bytes]
AnyImage: TypeAlias = AnyPath | AnyBytes | np.ndarray | Image.Image
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
    is_stdin: bool = False  # its bytes come on standard input, whatever `content` is
    face: Face | None = None  # in the upright image, where it is known; it is then not detected
    copy: PurePath | None = None  # of its annotated copy, in the folder for these

    @classmethod
    def of(cls, image: AnyImage) -> Self:
        """A source for an image in any form; one without a path is called `image`."""
        if isinstance(image, os.PathLike):
            image = os.fsdecode(image)
        return cls(name=image if isinstance(image, str) else "image", content=image)

    @property
    def is_video(self) -> bool:
        """Whether it is a video file, by its suffix."""
        path = self.content
        if not isinstance(path, str | os.PathLike) or is_address(path):
            return False
        return _has_suffix_of_video(path)


def list_sources(arguments: Iterable[str]) -> Iterator[Source]:
    """Yield the sources that the arguments of a command name, in their order.

    A file gives itself, a folder its images, those of sub-folders included, and a pattern the files
    that it matches, sorted by path. `-` is an image on stdin. A path that does not exist, or has no
    images, gives itself: reading it fails with a message that names it.
    """
    for argument in arguments:
        if argument == STDIN or is_address(argument):  # a Path would merge the slashes
            yield Source(name=argument, content=argument, is_stdin=argument == STDIN)
            continue
        for path in _expand(argument):
            yield Source(name=str(path), content=path, found=str(path) != str(Path(argument)))


def open_image(source: Source, max_pixels: int | None = None) -> Image.Image:
    """Decode an image in any form to upright 8-bit RGB, by the rules of `emotion.data.pixels`.

    Args:
        source: the image. A binary file that can be rewound is read from its start.
        max_pixels: of the largest image that is decoded; None for Pillow's limit.

    Raises:
        UserError: it cannot be read, has values whose scale is unknown, or is of another type.
    """
    content = source.content
    if isinstance(content, UserError):
        raise content
    if source.is_stdin:
        content = _read_stdin()
    if isinstance(content, Image.Image | np.ndarray):
        return convert_image(content, source.name, max_pixels)
    if isinstance(content, str | os.PathLike):
        return _open_path(content, max_pixels)
    if isinstance(content, bytes | bytearray | memoryview):
        return decode_image(io.BytesIO(bytes(content)), source.name, max_pixels)
    if hasattr(content, "read") and not isinstance(content, io.TextIOBase):
        return decode_image(content, source.name, max_pixels)
    kind = "file in text mode" if hasattr(content, "read") else type(content).__name__
    hint = "give a path, bytes, a binary file, a NumPy array or a Pillow image"
    raise UserError(f"is of type {kind}, which is no image", hint, file=source.name)


def _open_path(content: AnyPath, max_pixels: int | None) -> Image.Image:
    path = Path(content)
    if is_address(content):
        raise address_error(content, "" if _has_suffix_of_video(path) else "emotion predict -")
    if not os.fspath(content):
        raise UserError("the path of an image is empty", "give a file")
    if _is_folder(path):
        hint = f"give one with {', '.join(sorted(SUFFIXES))} files"
        raise UserError("has no images", hint, file=path)
    return read_image(path, max_pixels)


def _read_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise UserError("standard input is closed", "send an image, as in `cat a.jpg |`")
    return sys.stdin.buffer.read(LARGEST_INPUT)


def _expand(argument: str) -> list[Path]:
    path = Path(argument)
    if _is_folder(path):
        return sorted(images.list_images(path)) or [path]
    if glob.has_magic(argument) and not path.exists():
        return _match(argument) or [path]
    return [path]


def _has_suffix_of_video(path: AnyPath) -> bool:
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


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
