"""Join FER+ and photographs with one label each to one dataset with votes.

Run     python -m benchmarks.photographs_dataset FERPLUS PHOTOGRAPHS OUT
Reads   FERPLUS: fer2013.csv and fer2013new.csv, or a labels.csv with votes_<word> and
        fer2013_label; PHOTOGRAPHS: a labels.csv with split, and with the subjects
Writes  OUT/, a dataset of the format csv: labels.csv and images/

Training images are those of Training and of the photographs' train; test images those of
PublicTest and of their test. FER2013's private test and the photographs' val are left out: networks
that start from this one are chosen on the latter. A label of a photograph counts as ten votes.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd
from PIL import Image

from emotion.core import files
from emotion.core.errors import UserError
from emotion.data.labels import canonical_label
from emotion.datasets.formats.csv_table import read_csv_table
from emotion.datasets.formats.ferplus import LABEL, TABLE, WORDS, read_ferplus
from emotion.datasets.formats.votes import PREFIX, vote_columns
from emotion.datasets.split_names import map_splits

VOTES = 10  # annotators per image of FER+
KEPT = ("train", "test")


def main(arguments: list[str]) -> None:
    """Write the dataset, and print its size."""
    ferplus, photographs, out = map(Path, arguments)
    rows = pd.concat([read_votes(ferplus), read_photographs(photographs)], ignore_index=True)
    paths = [write_image(row, out) for row in rows.to_dict("records")]
    votes = vote_columns(rows)
    table = rows.assign(path=paths)[["path", "split", "subject", "source", LABEL]]
    files.write_csv(out / "labels.csv", table.join(rows[votes].fillna(0).astype(int)))
    print(rows.groupby(["source", "split"]).size().to_string())


def read_votes(root: Path) -> pd.DataFrame:
    """The rows of FER+ without the private test, with `file` or `pixels`."""
    tables = (root / TABLE).is_file()
    rows = read_ferplus(root) if tables else read_csv_table(root)
    rows = rows[~rows["split"].str.lower().isin(["privatetest", "private test"])]
    names = {"PublicTest": "test"} if tables else {}
    split = map_splits(rows["split"].replace(names), str(root))
    rows = rows.assign(split=split, source="ferplus")
    rows = rows[rows["split"].isin(KEPT)]
    if tables:
        return rows[rows["pixels"].notna()]
    lower = {column: column.lower() for column in vote_columns(rows)}
    return rows.rename(columns=lower).assign(file=[root / path for path in rows["path"]])


def read_photographs(root: Path) -> pd.DataFrame:
    """The rows of the photographs in KEPT, with votes and with `file`."""
    rows = read_csv_table(root)
    rows = rows.assign(split=map_splits(rows["split"], str(root)), source="photographs")
    rows = rows[rows["split"].isin(KEPT)]
    words = {canonical_label(word): word for word in WORDS if canonical_label(word)}
    word = rows["label"].map(canonical_label).map(words)
    votes = {PREFIX + name.lower(): VOTES * (word == name) for name in WORDS}
    return rows.assign(**votes, **{LABEL: word}, file=[root / path for path in rows["path"]])


def write_image(row: dict[str, object], out: Path) -> str:
    """Copy an image, or write its pixels; returns its path below `out`.

    Raises:
        UserError: the image would be written somewhere else.
    """
    path = Path("images") / str(row["source"]) / str(row["path"])
    if not (out / path).resolve().is_relative_to((out / "images").resolve()):
        problem = f"has the path {row['path']!r}, which is outside of its folder"
        raise UserError(problem, "name images below it", file="labels.csv")
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    if isinstance(row.get("file"), Path):
        shutil.copyfile(str(row["file"]), out / path)
    else:
        Image.fromarray(row["pixels"]).save(out / path)
    return path.as_posix()


if __name__ == "__main__":
    main(sys.argv[1:])
