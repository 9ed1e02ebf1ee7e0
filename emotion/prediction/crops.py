"""The square crop of an image that is classified, framed as in datasets of cropped faces."""

from PIL import Image

from emotion.data.face_detector import Face

# Side of the square, in heights of the detector's box. Measured on 300 photographs of a dataset of
# cropped faces: the box ends at the brow line and the chin, and is 1.06 times as high as the image.
FRAME = 0.95


def face_square(image: Image.Image, face: Face | None) -> tuple[int, int, int]:
    """The square that is classified: that of a face, or the central one of the image.

    Returns:
        Left, top and side, pixels. The square of a face may extend beyond the image.
    """
    if face is None:
        width, height = image.size
        side = min(width, height)
        return (width - side) // 2, (height - side) // 2, side
    left, top, right, bottom = face.box
    side = max(1, round(FRAME * (bottom - top)))
    return round((left + right - side) / 2), round((top + bottom - side) / 2), side


def crop_face(image: Image.Image, face: Face) -> Image.Image:
    """The square around a face; pixels outside the image are black."""
    left, top, side = face_square(image, face)
    return image.crop((left, top, left + side, top + side))
