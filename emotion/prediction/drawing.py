"""Annotated copies of images: the box of each face, its class and the confidence."""

from collections.abc import Callable
from pathlib import Path, PurePath

from PIL import Image, ImageDraw, ImageFont

from emotion.core import files
from emotion.core.text import printable
from emotion.prediction.answers import Prediction
from emotion.prediction.predictor import Answered

COLOR, UNCERTAIN_COLOR, TEXT = (16, 132, 92), (150, 150, 150), (255, 255, 255)
_SMALLEST = 320  # pixels, shorter side; smaller images are enlarged so that the text can be read
_QUALITY = 90  # of JPEG
# An image and a prediction for it to the image with an overlay.
Overlay = Callable[[Image.Image, Prediction], Image.Image]


class Drawing:
    """Writes annotated images to a folder; may be called from several threads."""

    def __init__(self, folder: Path, overlay: Overlay | None = None) -> None:
        self.folder, self.overlay = folder, overlay

    def save(self, answered: Answered) -> None:
        """Write one image, unless nothing was found in it."""
        predictions = [p for p in answered.predictions if not p.error]
        if answered.image is None or not predictions:
            return
        path = self.folder / file_name(answered)
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as temporary:
            annotate(answered.image, predictions, self.overlay).save(
                temporary, "JPEG", quality=_QUALITY
            )


def file_name(answered: Answered) -> PurePath:
    """Where the copy of an image lies in the folder: where the image lies, without `..`."""
    source = answered.source
    path = PurePath(source.name if source.name != "-" else "stdin")
    inside = PurePath(*(part for part in path.parts if part not in (path.anchor, "..")))
    if source.time is not None:
        return inside / f"{source.time:09.3f}.jpg"
    return inside.with_name(f"{inside.name}.jpg")


def annotate(
    image: Image.Image, predictions: list[Prediction], overlay: Overlay | None = None
) -> Image.Image:
    """A copy of an image with the boxes and answers of its predictions."""
    for prediction in predictions:
        image = overlay(image, prediction) if overlay else image
    zoom = max(1.0, _SMALLEST / min(image.size))
    width, height = (round(side * zoom) for side in image.size)
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
    """The answer on a colored ground above the box, or inside it at the edge of the image."""
    text = f"{printable(prediction.label)} {prediction.confidence:.2f}"
    font = ImageFont.load_default(max(13.0, min(width / 8, 28.0)))
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = (bottom - top) // 4
    tall, wide = bottom - top + 2 * pad, right - left + 2 * pad
    x = max(0.0, min(corner[0], draw.im.size[0] - wide))
    y = corner[1] - tall if corner[1] >= tall else max(0.0, corner[1])
    draw.rectangle((x, y, x + wide, y + tall), fill=color)
    draw.text((x + pad - left, y + pad - top), text, fill=TEXT, font=font)
