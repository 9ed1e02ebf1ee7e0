"""Read RAF-DB, basic set (Li et al. 2017): 15,339 faces, each aligned to 100 x 100 pixels.

The labels are in `list_patition_label.txt` (spelled so in the dataset), one line per image:
`train_00001.jpg 5`. The aligned face is `train_00001_aligned.jpg`. The file name gives the split.
"""

from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.file_kinds import refuse_other_than_text
from emotion.datasets.formats.codes import name_codes
from emotion.datasets.formats.tables import find_in

NAMES = ("list_patition_label.txt", "list_partition_label.txt")
LISTS = [f"{folder}{name}" for folder in ("EmoLabel/", "") for name in NAMES]
FOLDERS = ("Image/aligned", "aligned")
# Of the codes from 1.
WORDS = ("Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral")
_HINT = "data.format rafdb needs the list and the aligned faces as published: correct data.root"


def read_rafdb(root: Path) -> pd.DataFrame:
    """Read the list of labels; the paths of the images are derived from the names in it.

    A code other than 1 to 7 is kept as the label; a line of one word gets the label "".

    Returns:
        The columns of the package, in the order of the list, with those of `codes`.

    Raises:
        UserError: the list or the folder of aligned faces is missing, or the list has another form.
    """
    list_file = find_in(root, LISTS, Path.is_file, _HINT)
    folder = find_in(root, FOLDERS, Path.is_dir, _HINT).relative_to(root).as_posix()
    with files.open_regular(list_file) as file:
        data = file.readall()
    refuse_other_than_text(data, list_file, _HINT)
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    pairs = [(line.strip().split(maxsplit=1) + [""])[:2] for line in lines if line.strip()]
    cells = pd.DataFrame(pairs, columns=["name", "code"], dtype=str)
    named = name_codes(cells["code"], WORDS, list_file, first=1)
    if not (named["label"] != cells["code"]).any() and not named["code_problem"].any():
        problem = "has no line such as `train_00001.jpg 5`, a name and a code from 1 to 7"
        raise UserError(problem, "use the list as published", file=list_file)
    stem = cells["name"].str.replace(r"\.\w+$", "", regex=True)
    rows = pd.DataFrame({"path": f"{folder}/" + stem + "_aligned.jpg"}).join(named)
    split = cells["name"].str.partition("_")[0]
    return rows.assign(split=split, subject="", source="rafdb", synthetic=False)
