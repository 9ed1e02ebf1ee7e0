"""The image files that the arguments of a command name."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from emotion.core import images


def list_images(arguments: Iterable[Path]) -> Iterator[Path]:
    """Yield files as given, and the images of folders, their sub-folders included, sorted by path.

    A path that does not exist, or a folder without images, is yielded itself: reading it fails
    with a message that names it.
    """
    for argument in arguments:
        if argument.is_dir():
            yield from sorted(images.list_images(argument)) or [argument]
        else:
            yield argument
