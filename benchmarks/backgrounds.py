"""What surrounds a pasted face in benchmarks/scenes.py: drawn shapes, or photographs of no person.

All images are of mode L, and drawn from a given generator.
"""

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFilter

# Of scikit-image, without persons and animals.
PHOTOGRAPHS = ("brick", "coffee", "grass", "gravel", "hubble_deep_field", "moon", "rocket")
WHITE = 255
SOFT = 0.04  # share of a side that a soft edge takes

Made = tuple[Image.Image, str]  # an image, and what its area around the face is filled with


def surround(
    image: Image.Image,
    size: tuple[int, int],
    corner: np.ndarray,
    random: np.random.Generator,
    fills: tuple[str, ...] = ("edge", "reflection", "content"),
) -> Made:
    """A larger image with `image` at `corner` (x, y), filled in one of the ways."""
    fill, (x, y) = str(random.choice(fills)), corner.tolist()
    if fill == "content":
        canvas, fill = background(size, random)
    elif fill == "plain":
        canvas = Image.new("L", size, int(random.integers(256)))
    else:
        widths = ((y, size[1] - y - image.height), (x, size[0] - x - image.width))
        mode = "edge" if fill == "edge" else "reflect"
        return Image.fromarray(np.pad(np.asarray(image), widths, mode=mode)), fill
    canvas.paste(image, (x, y))
    return canvas, fill


def background(size: tuple[int, int], random: np.random.Generator) -> Made:
    """A part of a sample photograph, or drawn shapes and noise, of this size."""
    if random.random() < 0.5:
        return draw_background(size, random), "drawn"
    name = str(random.choice(PHOTOGRAPHS))
    photograph = Image.fromarray(getattr(skimage.data, name)()).convert("L")
    limit = min(photograph.width / size[0], photograph.height / size[1])
    taken = (np.array(size) * limit * random.uniform(0.6, 1)).astype(int)
    x, y = random.integers(0, np.array(photograph.size) - taken + 1).tolist()
    box = (x, y, x + int(taken[0]), y + int(taken[1]))
    return photograph.resize(size, Image.Resampling.BICUBIC, box=box), name


def draw_background(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """A gradient with blurred ellipses and rectangles, and noise at four scales."""
    longer = max(size)
    scene = Image.linear_gradient("L").rotate(90 * int(random.integers(4))).resize(size)
    draw = ImageDraw.Draw(scene)
    for _ in range(int(random.integers(6, 16))):
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        start = random.uniform(-0.2, 1, 2) * size
        stop = start + random.uniform(0.05, 0.5, 2) * longer
        shape((*start.tolist(), *stop.tolist()), fill=int(random.integers(256)))
    scene = scene.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.01) * longer))
    noise = np.zeros(size[::-1])
    for cells in (4, 12, 36, longer):
        octave = random.normal(0, 1, (cells, cells)).astype(np.float32)
        noise += np.asarray(Image.fromarray(octave).resize(size, Image.Resampling.BICUBIC))
    values = 0.8 * np.asarray(scene) + 25 + random.uniform(3, 12) * noise
    return Image.fromarray(values.clip(0, WHITE).astype(np.uint8))


def paste_into(
    scene: Image.Image,
    face: Image.Image,
    corner: np.ndarray,
    side: int,
    random: np.random.Generator,
) -> str:
    """Paste a face with this upper left corner and side; with a hard edge, or one that fades.

    A soft edge mixes the outer pixels of the square with the scene.
    """
    x, y = corner.tolist()
    face = face.resize((side, side), Image.Resampling.LANCZOS)
    mask = np.full((side, side), float(WHITE))
    soft = random.random() < 0.5
    if soft:
        ramp = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / (SOFT * side)
        mask *= np.minimum(1, np.minimum(ramp[:, None], ramp))
    scene.paste(face, (x, y), Image.fromarray(mask.astype(np.uint8)))
    return "soft" if soft else "hard"
