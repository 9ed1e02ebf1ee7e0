"""RAF-DB, basic set (Li et al. 2017): 15,339 faces, each aligned to 100 x 100 pixels.

The labels are in `list_patition_label.txt` (the corpus's own spelling), one line per image:
`train_00001.jpg 5`. The aligned face is `train_00001_aligned.jpg`. The file name gives the split.
"""

from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError

LISTS = tuple(
    f"{folder}{name}"
    for folder in ("EmoLabel/", "")
    for name in ("list_patition_label.txt", "list_partition_label.txt")
)
FOLDERS = ("Image/aligned", "aligned")
LABELS = {
    "1": "Surprise",
    "2": "Fear",
    "3": "Disgust",
    "4": "Happiness",
    "5": "Sadness",
    "6": "Anger",
    "7": "Neutral",
}


def read_rafdb(root: Path) -> pd.DataFrame:
    """Read the list of labels; the paths of the images are derived from the names in it.

    A code other than 1 to 7 is kept as the label; a line of one word gets the label "".

    Returns:
        The columns of the package, in the order of the list.

    Raises:
        UserError: the list or the folder of aligned faces is missing, or the list has another form.
    """
    list_file = next((root / name for name in LISTS if (root / name).is_file()), None)
    folder = next((name for name in FOLDERS if (root / name).is_dir()), None)
    if list_file is None or folder is None:
        lacking = (
            f"none of {', '.join(LISTS)}" if list_file is None else f"no {' or '.join(FOLDERS)}"
        )
        raise UserError(
            f"{root} has {lacking}; data.format rafdb needs the list of labels and the aligned "
            "faces as published: correct data.root."
        )
    with files.open_regular(list_file) as file:
        lines = file.readall().decode("utf-8-sig", errors="replace").splitlines()
    pairs = [(line.strip().split(maxsplit=1) + [""])[:2] for line in lines if line.strip()]
    cells = pd.DataFrame(pairs, columns=["name", "code"], dtype=str)
    if not cells["code"].isin(list(LABELS)).any():
        raise UserError(
            f"{list_file} has no line such as `train_00001.jpg 5`, a name and a code from 1 to 7; "
            "use the list as published."
        )
    stem = cells["name"].str.replace(r"\.\w+$", "", regex=True)
    return pd.DataFrame(
        {
            "path": f"{folder}/" + stem + "_aligned.jpg",
            "label": cells["code"].map(lambda code: LABELS.get(code, code)),
            "split": cells["name"].str.partition("_")[0],
            "subject": "",
            "source": "rafdb",
            "synthetic": False,
        }
    )
