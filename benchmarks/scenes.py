"""Make copies of the photographs of a dataset in which the face is framed in another way.

Run     python -m benchmarks.scenes ROOT FOLDER [images]     (a minute per 1,000 images)
Reads   ROOT, a dataset of the format csv; its test split, or so many images of it
Writes  FOLDER/<kind>/, labels.csv of the copies, parties/ and parties.csv with the true squares

A copy is a function of SEED, its kind and the path of its original in ROOT. It is gray, as the
photographs are, and so is what surrounds the face: drawn shapes and noise, or one of scikit-image's
sample photographs without persons. Two columns of labels.csv beyond those of the format csv name
the original and the kind, and `fill` what the area around the face is filled with. The dataset has
tight crops, so nothing of a person is outside the square that is pasted.

One more original is a portrait of the public domain (`skimage.data.astronaut`), of subject
PORTRAIT; its kind `photograph` is the whole picture, the original a crop cut by hand.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import skimage.data
from PIL import Image

from benchmarks.backgrounds import Made, background, paste_into, surround
from emotion.core import files
from emotion.core.seeding import derive_seed
from emotion.data.images import encode_image, read_image
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset

SEED = 0
PORTRAIT, PORTRAIT_SQUARE, PORTRAIT_LABEL = "astronaut", (162, 58, 286, 182), "happy"
PARTIES, FACES = 40, (3, 8)  # scenes; fewest and most faces in one
CELL = 200  # pixels, of the grid in which the faces stand
SQUARE = ("left", "top", "right", "bottom")
QUALITY = 95  # of the JPEG files


def main() -> None:
    """Make the copies and the parties, and print their numbers."""
    root, folder = Path(sys.argv[1]), Path(sys.argv[2])
    originals = list_originals(root, int(sys.argv[3]) if len(sys.argv) > 3 else None)
    copies = make_copies(pd.concat([originals, cut_portrait(folder)]), folder)
    squares = make_parties(originals, folder)
    print(f"{len(copies):,} copies of {len(originals):,} images, {len(squares):,} faces in parties")


def list_originals(root: Path, images: int | None = None, split: str = "test") -> pd.DataFrame:
    """The images of a split that have a known class: columns path, name, label and subject.

    Args:
        root: of the dataset.
        images: how many, chosen by their path; None for all.
        split: train, val or test.
    """
    rows, _ = read_dataset(DataParams(root=str(root), format="csv"))
    rows = rows[(rows["split"] == split) & (rows["problem"] == "")]
    rows = rows.assign(name=[Path(path).relative_to(root).as_posix() for path in rows["path"]])
    order = [derive_seed(SEED, name) for name in rows["name"]]
    chosen = rows.assign(order=order).sort_values("order").head(images or len(rows))
    return chosen.sort_values("name")[["path", "name", "label", "subject"]]


def cut_portrait(folder: Path) -> pd.DataFrame:
    """Write the crop of the portrait; its row of `list_originals`."""
    path = folder / "originals" / f"{PORTRAIT}.jpg"
    portrait = Image.fromarray(skimage.data.astronaut()).convert("L")
    _save(path, portrait.crop(PORTRAIT_SQUARE))
    _save(folder / "photograph" / f"{PORTRAIT}.jpg", portrait)
    row = {"path": str(path), "name": path.name, "label": PORTRAIT_LABEL, "subject": PORTRAIT}
    return pd.DataFrame([row])


def make_copies(originals: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write one copy per kind of each image, and labels.csv, which is returned.

    Args:
        originals: as of `list_originals`; the column `name` seeds the copy.
        folder: of the copies.
    """
    rows = []
    for original in originals.itertuples():
        image = read_image(original.path).convert("L")
        same = {"label": original.label, "split": "test", "subject": original.subject}
        same["original"] = _absolute(original.path)
        if original.subject == PORTRAIT:
            path = f"photograph/{PORTRAIT}.jpg"
            rows.append({"path": path, **same, "kind": "photograph", "fill": "photograph"})
        for kind in KINDS:
            copy, fill = copy_of(image, kind, original.name)
            path = f"{kind}/{Path(original.name).with_suffix('.jpg').as_posix()}"
            _save(folder / path, copy)
            rows.append({"path": path, **same, "kind": kind, "fill": fill})
    table = pd.DataFrame(rows)
    files.write_csv(folder / "labels.csv", table)
    return table


def copy_of(image: Image.Image, kind: str, name: str) -> Made:
    """A copy of an image of mode L, the same in every call.

    Args:
        image: a square crop of a face.
        kind: one of KINDS.
        name: of the image, which seeds the copy.
    """
    return KINDS[kind](image, np.random.default_rng(derive_seed(SEED, kind, name)))


def shift(image: Image.Image, random: np.random.Generator) -> Made:
    """The whole face off the center: a frame 15 to 35 % wider, that much beside and below it."""
    side = image.width
    frame = round(side * random.uniform(1.15, 1.35))
    corner = random.permutation([random.choice([0, frame - side]), random.integers(frame - side)])
    return surround(image, (frame, frame), corner, random)


def cut(image: Image.Image, random: np.random.Generator) -> Made:
    """The frame moved by 4 to 10 % both ways: the copy has lost a part of the face."""
    side = image.width
    moved = np.round(side * random.uniform(0.04, 0.1, 2) * random.choice([-1, 1], 2)).astype(int)
    whole, fill = surround(image, (2 * side, 2 * side), np.array([side // 2] * 2), random)
    left, top = (side // 2 + moved).tolist()
    return whole.crop((left, top, left + side, top + side)), fill


def pad(image: Image.Image, random: np.random.Generator) -> Made:
    """The face in the middle of a plain or textured canvas, 1.4 to 2.5 times as wide."""
    frame = round(image.width * random.uniform(1.4, 2.5))
    fills = ("plain", "content")
    return surround(
        image, (frame, frame), np.array([(frame - image.width) // 2] * 2), random, fills
    )


def shrink(image: Image.Image, random: np.random.Generator) -> Made:
    """Half as many pixels each way, alone or in the middle of a canvas of the original's size."""
    half = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    if random.random() < 0.5:
        return half, "none"
    corner = np.array([image.width // 4, image.height // 4])
    return surround(half, image.size, corner, random, ("plain", "content"))


def turn(image: Image.Image, random: np.random.Generator) -> Made:
    """Rotated by 5 to 20 degrees in the same frame; the uncovered corners are filled."""
    side, angle = image.width, random.uniform(5, 20) * random.choice([-1, 1])
    fills = ("edge", "reflection", "plain")
    around = side // 4
    frame = side + 2 * around
    whole, fill = surround(image, (frame, frame), np.array([around] * 2), random, fills)
    turned = whole.rotate(angle, Image.Resampling.BICUBIC)
    return turned.crop((around, around, around + side, around + side)), fill


def paste(image: Image.Image, random: np.random.Generator) -> Made:
    """0.7 to 2 times as large, anywhere in a scene 4 to 6 times as wide as the original."""
    width = round(image.width * random.uniform(4, 6))
    scene, content = background((width, round(0.75 * width)), random)
    side = round(image.width * np.exp(random.uniform(np.log(0.7), np.log(2))))
    corner = random.integers(0, np.array(scene.size) - side)
    edge = paste_into(scene, image, corner, side, random)
    return scene, f"{content}, {edge} edge"


def make_parties(originals: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write scenes with faces of different persons, and parties.csv, which is returned.

    Args:
        originals: as of `list_originals`.
        folder: of the scenes.

    Returns:
        One row per face: path of the scene, original, label, and the columns of SQUARE, pixels of
        the scene.
    """
    rows = []
    for number in range(PARTIES):
        random = np.random.default_rng(derive_seed(SEED, "party", number))
        shuffled = originals.sample(frac=1, random_state=random)
        shuffled = shuffled[~shuffled["subject"].duplicated() | (shuffled["subject"] == "")]
        guests = shuffled.head(int(random.integers(FACES[0], FACES[1] + 1)))
        scene, squares = make_party([read_image(path) for path in guests["path"]], random)
        path = f"parties/{number:02d}.jpg"
        _save(folder / path, scene)
        for guest, square in zip(guests.itertuples(), squares, strict=True):
            same = {"path": path, "original": _absolute(guest.path), "label": guest.label}
            rows.append(same | dict(zip(SQUARE, square, strict=True)))
    found = pd.DataFrame(rows)
    files.write_csv(folder / "parties.csv", found)
    return found


def make_party(
    faces: list[Image.Image], random: np.random.Generator
) -> tuple[Image.Image, list[tuple[int, int, int, int]]]:
    """A scene with each face once, 60 to 190 pixels wide, and their squares.

    Args:
        faces: up to FACES[1] square crops.
        random: draws the scene.

    Returns:
        The scene, and a square for each face, as in SQUARE.
    """
    columns, lines = FACES[1] // 2, 2
    scene, _ = background((columns * CELL, lines * CELL), random)
    squares = []
    for face, cell in zip(faces, random.permutation(columns * lines), strict=False):
        side = int(random.integers(60, 191))
        corner = CELL * np.array([cell % columns, cell // columns])
        corner += random.integers(0, CELL - side, 2, endpoint=True)
        paste_into(scene, face.convert("L"), corner, side, random)
        x, y = corner.tolist()
        squares.append((x, y, x + side, y + side))
    return scene, squares


KINDS: dict[str, Callable[[Image.Image, np.random.Generator], Made]] = {
    "shifted": shift,
    "cut": cut,
    "padded": pad,
    "shrunk": shrink,
    "turned": turn,
    "pasted": paste,
}


def _absolute(path: str) -> str:
    return str(Path(path).resolve())


def _save(path: Path, image: Image.Image) -> None:
    files.write_bytes(path, encode_image(image, "JPEG", quality=QUALITY))


if __name__ == "__main__":
    main()
