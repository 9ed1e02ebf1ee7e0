"""Write the images that a corpus keeps inside a table as files, which every stage can read."""

import shutil
from pathlib import Path

import pandas as pd
from PIL import Image
from tqdm import tqdm

BROKEN_PIXELS = "broken pixels"


def unpack_images(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Write `pixels` as PNG into `folder`, made anew, and point `path` there.

    Args:
        rows: of `read_corpus`. Without a column `pixels` the folder stays empty: dvc.yaml names it
            as an output, which has to be there.
        folder: receives files named as the adapter named them.

    Returns:
        The rows without `pixels`; `problem` is BROKEN_PIXELS where they could not be read.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    if "pixels" in rows:
        pixels = rows.pop("pixels")
        broken = pixels.isna() & (rows["problem"] == "")
        rows.loc[broken, "problem"] = BROKEN_PIXELS
        names = rows["path"].map(lambda path: Path(*Path(path).parts[-2:]))
        for parent in set(names.map(lambda name: name.parent)):
            (temporary / parent).mkdir(parents=True)
        wanted = rows.index[rows["problem"] == ""]
        for row in tqdm(wanted, desc="unpack images", unit="image", leave=False):
            Image.fromarray(pixels[row]).save(temporary / names[row])
        rows["path"] = [(folder / name).as_posix() for name in names]
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return rows
