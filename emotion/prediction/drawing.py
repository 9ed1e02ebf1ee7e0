"""Draw predictions on copies of images: the box of each face, its class and the confidence."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from PIL import Image, ImageDraw, ImageFont

from emotion.core import files
from emotion.core.text import printable
from emotion.data.images import encode_image
from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.sources import Source

COLOR, UNCERTAIN_COLOR, TEXT = (16, 132, 92), (150, 150, 150), (255, 255, 255)
# Pixels: length of the shorter side below which an image is enlarged to make the text legible, and
# lengths of the longer side up to which it is enlarged, and up to which JPEG can store it.
_SMALLEST, _LARGEST_ENLARGED, _LARGEST = 320, 4096, 65_000
_QUALITY = 90  # of JPEG
_MARK = b"drawn by emotion predict"  # a comment in the file, which distinguishes copies from photos
# An image and a prediction for it to the image with an overlay.
Overlay = Callable[[Image.Image, list[Prediction]], Image.Image]


class Drawing:
    """Writes annotated images to a folder; may be called from several threads."""

    def __init__(self, folder: Path, overlay: Overlay | None = None) -> None:
        self.folder, self.overlay = folder, overlay

    def save(self, result: ImageResult) -> str:
        """Write one image, if there is a prediction for it.

        Returns:
            Why it cannot be written; "" if it is written, or there is nothing to write.

        Raises:
            UserError: no file can be written to the folder.
        """
        predictions = [p for p in result.predictions if not p.error]
        if result.image is None or not predictions:
            return ""
        shown = annotate(result.image, predictions, self.overlay)
        path = self.folder / file_name(result.source)
        try:
            if os.path.lexists(path) and not _is_copy(path):
                return f"{path} exists and was not drawn by this command; give another folder."
            data = encode_image(shown, "JPEG", quality=_QUALITY, comment=_MARK)
            files.write_bytes(path, data)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            return f"{path}, a copy of {result.source.name}, cannot be written: {error.strerror}."
        return ""


def _is_copy(path: Path) -> bool:
    """Whether a file is an image that this command drew."""
    try:
        with files.open_regular(path) as file, Image.open(file, formats=("JPEG",)) as image:
            return bool(image.info.get("comment") == _MARK)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def name_copies(sources: Iterable[Source]) -> Iterator[Source]:
    """Set the path of each source's copy, relative to the folder of copies; no two are equal.

    The path is that of the image, without `..`; paths that are then equal are numbered.
    """
    taken: dict[PurePath, tuple[str, bool]] = {}
    for source in sources:
        path = PurePath("stdin" if source.is_stdin else source.name)
        inside = PurePath(*(part for part in path.parts if part not in (path.anchor, "..")))
        plain = inside.with_name(f"{inside.name}{'.frames' if source.is_video else '.jpg'}")
        owner, copy, number = (source.name, source.is_stdin), plain, 1
        while taken.setdefault(copy, owner) != owner:
            number += 1
            copy = plain.with_name(f"{plain.stem} ({number}){plain.suffix}")
        yield replace(source, copy=copy)


def leave_out_copies(sources: Iterable[Source], folder: Path) -> Iterator[Source]:
    """Leave out sources that are copies, drawn by an earlier call, of other sources in the list.

    Args:
        sources: with the paths of their copies. One that was named itself stays.
        folder: of the copies.
    """
    sources = list(sources)
    folder = folder.resolve()
    copies = {folder / source.copy for source in sources if source.copy}
    for source in sources:
        place = Path(source.name).resolve() if source.found else None
        # The frames of a video are copied to a folder of its name.
        if place is None or not {place, place.parent} & copies:
            yield source


def file_name(source: Source) -> PurePath:
    """The path of the copy of an image or a frame, relative to the folder of copies."""
    assert source.copy, "set by name_copies, or by read_camera"
    if source.time is None:
        return source.copy
    return source.copy / f"{source.frame:06d}_{source.time:09.3f}.jpg"


def annotate(
    image: Image.Image, predictions: list[Prediction], overlay: Overlay | None = None
) -> Image.Image:
    """A copy of an image with the box, the class and the confidence of each prediction."""
    image = overlay(image, predictions) if overlay else image
    zoom = max(1.0, min(_SMALLEST / min(image.size), _LARGEST_ENLARGED / max(image.size)))
    zoom = min(zoom, _LARGEST / max(image.size))
    width, height = (max(1, round(side * zoom)) for side in image.size)
    shown = image.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(shown)
    for prediction in predictions:
        left, top, right, bottom = (
            [value * zoom for value in prediction.face.box]
            if prediction.face
            else [0, 0, width - 1, height - 1]
        )
        color = UNCERTAIN_COLOR if prediction.uncertain else COLOR
        line = max(2, round((right - left) / 60))
        if prediction.face:
            draw.rectangle((left, top, right, bottom), outline=color, width=line)
        _write(draw, prediction, (left, top), right - left, color)
    return shown


def _write(
    draw: ImageDraw.ImageDraw,
    prediction: Prediction,
    corner: tuple[float, float],
    width: float,
    color: tuple[int, int, int],
) -> None:
    """Class and confidence in a colored bar above the box, or inside it at the upper edge."""
    text = f"{printable(prediction.label)} {prediction.confidence:.2f}"
    font = ImageFont.load_default(max(13.0, min(width / 8, 28.0)))
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = (bottom - top) // 4
    tall, wide = bottom - top + 2 * pad, right - left + 2 * pad
    x = max(0.0, min(corner[0], draw.im.size[0] - wide))
    y = corner[1] - tall if corner[1] >= tall else max(0.0, corner[1])
    draw.rectangle((x, y, x + wide, y + tall), fill=color)
    draw.text((x + pad - left, y + pad - top), text, fill=TEXT, font=font)
