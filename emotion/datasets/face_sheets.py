"""Figures of the faces that were found: what was cropped, where there was none, where several."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw

from emotion.data import image_sheet
from emotion.data.crop_params import CropParams
from emotion.data.face import Face, FaceImage
from emotion.data.face_crop import face_square, warp
from emotion.data.image_sheet import BORDER, GAP, GRAY, HEAD, blank_sheet, write
from emotion.data.images import read_image
from emotion.data.manifest import face_images, order_by_content

COLUMNS, ROWS = 8, 6  # of a sheet; a pair counts as two
SIDE = 120  # pixels of a framed image
FOUND, OTHER = "#00a050", "#d09000"  # of the box of the face that is used, and of others

Draw = Callable[[int], Image.Image]


def draw_all(folder: Path, rows: pd.DataFrame, found: pd.DataFrame, crop: CropParams) -> None:
    """Save `faces_cropped.png`, `faces_missing.png` and `faces_several.png`.

    Args:
        folder: for the files.
        rows: of the manifest.
        found: path and faces of each usable image.
        crop: data.faces and data.face_margin.
    """
    cropped = rows[rows["face_box"] != ""]
    pairs = face_images(order_by_content(cropped, "faces").head(COLUMNS // 2 * ROWS))
    draw_crops(folder / "faces_cropped.png", pairs, len(cropped), crop)
    count = found["faces"].map(len)
    for name, which, title in (
        ("missing", count == 0, "images without a face"),
        ("several", count > 1, "images with several faces; the largest is green"),
    ):
        part = found[which].sort_values("path", kind="stable")
        draw_images(folder / f"faces_{name}.png", part, title)


def draw_crops(path: Path, pairs: Sequence[FaceImage], total: int, crop: CropParams) -> None:
    """Save a sheet of pairs: the image with the box and the landmarks, and what is cropped."""
    title = f"{len(pairs)} of {total:,} faces: image, and crop ({crop.faces}, {crop.face_margin:g})"

    def draw(cell: int) -> Image.Image:
        image, face = read_image(pairs[cell // 2].path), pairs[cell // 2].face
        assert face is not None, "rows with a box"
        if cell % 2 == 0:
            return _mark(image, [face])
        square = face_square(face, crop.faces, crop.face_margin)
        return warp(image, square, SIDE, Image.Resampling.BICUBIC)

    _draw_sheet(path, title, 2 * len(pairs), draw)


def draw_images(path: Path, found: pd.DataFrame, title: str) -> None:
    """Save a sheet of the first images, with the boxes of their faces."""
    shown = found.head(COLUMNS * ROWS)
    images = list(zip(shown["path"], shown["faces"], strict=True))

    def draw(cell: int) -> Image.Image:
        file, faces = images[cell]
        return _mark(read_image(file), [one.face for one in faces])

    _draw_sheet(path, f"{len(shown)} of {len(found):,} {title}", len(images), draw)


def _draw_sheet(path: Path, title: str, count: int, draw: Draw) -> None:
    rows = max(1, -(-count // COLUMNS))
    sheet, pen = blank_sheet(COLUMNS, rows, SIDE + GAP, SIDE + GAP)
    write(pen, (GAP, GAP), title, "black", 16)
    for cell in range(count):
        left, top = GAP + cell % COLUMNS * (SIDE + GAP), HEAD + cell // COLUMNS * (SIDE + GAP)
        sheet.paste(image_sheet.framed(draw(cell), SIDE, GRAY), (left, top))
    image_sheet.save(path, sheet)


def _mark(image: Image.Image, faces: Sequence[Face]) -> Image.Image:
    """The image at about the size at which it is shown, with boxes and landmarks."""
    scale = (SIDE - 2 * BORDER) / max(image.size)
    size = [max(1, round(side * scale)) for side in image.size]
    shown = image.resize((size[0], size[1]), Image.Resampling.BOX if scale < 1 else None)
    pen = ImageDraw.Draw(shown)
    for number, face in reversed(list(enumerate(faces))):
        face = face.scaled(size[0] / image.width, size[1] / image.height)
        pen.rectangle(face.box, outline=OTHER if number else FOUND, width=2)
        for x, y in face.landmarks:
            pen.ellipse((x - 1, y - 1, x + 1, y + 1), fill=FOUND)
    return shown
