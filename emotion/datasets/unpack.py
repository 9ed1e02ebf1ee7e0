"""Write images that a dataset stores inside a table as files that every stage can read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from PIL import Image
from tqdm import tqdm

from emotion.core import files
from emotion.data.images import encode_image

BROKEN_PIXELS = "broken pixels"
# Text of README.txt: dvc.yaml lists the folder as an output, and DVC warns of an empty one at every
# command. Another wording would change that output.
NOTE = "Images that the corpus stores inside a table; none for other formats.\n"


@contextmanager
def restoring_after_failure(folder: Path) -> Iterator[None]:
    """Bring a folder back as it was if the block, which replaces it, does not succeed.

    The splits of the last run name the images in it.
    """
    previous = folder.with_name(f".{folder.name}.previous")
    if previous.exists():  # of a run that was killed, which left half a folder
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        folder.rename(previous)
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if previous.exists():
            previous.rename(folder)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def unpack_images(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write `pixels` as PNG files into `folder` and set `path` to them.

    Args:
        rows: as returned by `read_dataset`. Without a column `pixels` the folder gets no image.
        folder: replaced by a new folder, when all images are written; they are named as in `path`.

    Returns:
        The rows without `pixels`; `problem` is BROKEN_PIXELS for pixels that could not be read.
    """
    with files.replacing_folder(folder) as temporary:
        (temporary / "README.txt").write_text(NOTE, encoding="utf-8")
        if "pixels" not in rows:
            return rows
        pixels = rows["pixels"]
        problem = rows["problem"].mask(pixels.isna() & (rows["problem"] == ""), BROKEN_PIXELS)
        names = rows["path"].map(lambda path: Path(*Path(path).parts[-2:]))
        for parent in set(names.map(lambda name: name.parent)):
            (temporary / parent).mkdir(parents=True)
        usable = rows.index[problem == ""]
        for row in tqdm(usable, desc="unpack images", unit="image", leave=False):
            data = encode_image(Image.fromarray(pixels[row]), "PNG")
            (temporary / names[row]).write_bytes(data)
    path = [(folder / name).as_posix() for name in names]
    return rows.drop(columns="pixels").assign(path=path, problem=problem)
